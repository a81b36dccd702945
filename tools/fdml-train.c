/* fdml-train.c - trains a metric: a network, or a head on the embeddings of any other model.
 *
 * `fdml-train CONFIG.ini --out RUN` is a pure function of the configuration, the data and the
 * seed: neither threads nor the instruction set nor an interruption show in the weights. What a
 * configuration may hold is in train_config.def, what a run leaves in train_run.h.
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "train_run.h"

typedef struct options {
    cli_common common;
    fdml_texts set;
    const char *out;
    size_t max_memory;
    bool resume, dry_run, print_config, list_objectives;
} options;

#define AT(member) .offset = offsetof(options, member)

static const fdml_option table[] = {
    { .type = FDML_OPTION_SECTION, .help = "The run" },
    { .type = FDML_OPTION_TEXT,
      .name = "out",
      .letter = 'o',
      AT(out),
      .value_name = "RUN",
      .names = FDML_NAMES_FOLDER,
      .help = "folder for checkpoints, logs and the model; made if it is not there" },
    { .type = FDML_OPTION_WORDS,
      .name = "set",
      .letter = 's',
      AT(set),
      .value_name = "KEY=VALUE",
      .help = "section.key=value, which goes before what CONFIG.ini says; may be repeated" },
    { .type = FDML_OPTION_SWITCH,
      .name = "resume",
      AT(resume),
      .help =
          "go on from the last checkpoint in RUN; without one, begin. CONFIG.ini may be left "
          "out then" },
    FDML_OPTION_MAX_MEMORY(offsetof(options, max_memory)),
    { .type = FDML_OPTION_SWITCH,
      .name = "dry-run",
      AT(dry_run),
      .help = "print rows, steps, and the memory and time it would take, and stop" },
    { .type = FDML_OPTION_SECTION, .help = "What there is" },
    { .type = FDML_OPTION_SWITCH,
      .name = "print-config",
      AT(print_config),
      .help =
          "print every key with its value (of CONFIG.ini where given), its limits and what it "
          "is for" },
    { .type = FDML_OPTION_SWITCH,
      .name = "list-objectives",
      AT(list_objectives),
      .help = "print the objectives with their formulas, sources and settings" },
    CLI_COMMON_OPTIONS
};

static const cli_program program = {
    .name = "fdml-train",
    .usage = "fdml-train CONFIG.ini --out RUN [--set section.key=value ...] [--resume]\n"
             "fdml-train CONFIG.ini --dry-run\n"
             "fdml-train --print-config [CONFIG.ini]",
    .purpose =
        "Trains an embedding so that rows of one class are near each other: a network from\n"
        "pictures, or a head on embeddings that any model made. Watches the worst group as "
        "well\n"
        "as the whole. The same configuration, data and seed give the same weights everywhere.",
    .examples = "  fdml-train --print-config >exp.ini\n"
                "  fdml-train exp.ini --out runs/a\n"
                "  fdml-train exp.ini --out runs/b --set train.seed=2 --set "
                "miner.same_attribute_negatives=0.5\n"
                "  fdml-train --out runs/b --resume\n"
                "  tensorboard --logdir runs\n",
    .options = table,
    .n_options = sizeof table / sizeof *table
};

static _Noreturn void list_objectives(void)
{
    const fdml_objective_info *info;
    for (size_t i = 0; (info = fdml_objective_list(i)); i++) {
        printf("%s%s\n  %s\n  %s\n", i ? "\n" : "", info->name, info->formula, info->source);
        if (info->mines) printf("  miner: %s\n", fdml_miner_name(info->miner));
        for (size_t k = 0; k < info->n_settings; k++) {
            const fdml_objective_setting *s = &info->setting[k];
            printf("  %-18s %g  (%g to %g) %s\n", s->name, s->value, s->low, s->high, s->help);
        }
    }
    cli_outputs_commit();
    exit(0);
}

static void read_config(config *c, const options *o, fdml_arena *arena)
{
    fdml_error err;
    char path[FDML_PATH_SIZE];
    const fdml_texts *words = &o->common.positional;
    config_source source = { .set = o->set.item, .n_set = o->set.n };
    if (words->n > 1) cli_die(CLI_EXIT_USAGE, "one argument too many: '%s'", words->item[1]);
    snprintf(path, sizeof path, "%s/config.ini", o->out ? o->out : ".");
    if (words->n)
        source.path = words->item[0];
    else if (o->resume && o->out)
        source.path = fdml_arena_copy_text(arena, path, strlen(path));
    else if (!o->print_config)
        cli_die(CLI_EXIT_USAGE, "CONFIG.ini is missing");
    CLI_TRY(config_read(c, &source, arena, &err), &err);
    train_objective(c);
}

int main(int argc, char **argv)
{
    options o = { 0 };
    static config c;
    fdml_arena arena;
    train_data data;
    cli_begin(&program);
    cli_parse(&program, &o, argc, argv);
    if (o.list_objectives) list_objectives();
    if (!o.print_config && !o.dry_run && !o.out)
        cli_die(CLI_EXIT_USAGE, "--out RUN is missing");
    fdml_arena_init(&arena, 0);
    read_config(&c, &o, &arena);
    int status = 0;
    if (o.print_config) {
        config_write(stdout, &c, true);
    } else {
        cli_catch_signals();
        const size_t cache = o.max_memory || o.dry_run ? 0 : c.data.cache;
        train_data_open(&data, &c, &o.common, cache, &arena);
        const train_task task = { .c = &c,
                                  .data = &data,
                                  .folder = o.out,
                                  .resume = o.resume,
                                  .dry_run = o.dry_run,
                                  .max_memory = o.max_memory,
                                  .common = &o.common };
        status = train_run_all(&task);
        train_data_close(&data);
    }
    cli_outputs_commit();
    fdml_arena_close(&arena);
    return status;
}
