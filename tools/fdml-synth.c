/* fdml-synth.c - makes data sets with a known unfairness, for demos and tests.
 *
 * The first word that is a command's name decides which table of options applies. Every command
 * gives the same bytes on every machine.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "synth.h"

static const cli_program *const commands[] = { &synth_embeddings_program,
                                               &synth_plumage_program };
static int (*const run[])(int argc, char **argv) = { synth_embeddings, synth_plumage };
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static const fdml_option options[] = { CLI_COMMON_OPTIONS };

const cli_program synth_program = {
    .name = "fdml-synth",
    .usage = "fdml-synth embeddings --out DIR [options]\n"
             "fdml-synth plumage --out DIR [options]",
    .purpose =
        "Makes data with a known unfairness: `embeddings` of two groups, one of which is\n"
        "embedded worse; `plumage`, pictures of birds of which most of a species wear one\n"
        "colour. The same arguments give the same bytes everywhere. The options of a\n"
        "command are listed by fdml-synth COMMAND --help.",
    .examples = "  fdml-synth embeddings --out demo\n"
                "  fdml-synth plumage --out birds\n"
                "  fdml-synth plumage --help\n",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .commands = commands,
    .n_commands = N_COMMANDS
};

void synth_check_words(const cli_common *common, const char *out)
{
    const fdml_texts *p = &common->positional;
    if (p->n > 1) cli_die(CLI_EXIT_USAGE, "one argument too many: '%s'", p->item[1]);
    if (!out) cli_die(CLI_EXIT_USAGE, "--out DIR is missing");
}

/* N_COMMANDS: none is named. */
static size_t find_command(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        for (size_t c = 0; c < N_COMMANDS; c++)
            if (!strcmp(argv[i], commands[c]->command)) return c;
    return N_COMMANDS;
}

static bool asks(const char *word)
{
    return !strcmp(word, "-h") || !strcmp(word, "--help") || !strcmp(word, "-V") ||
           !strcmp(word, "--version") || !strncmp(word, "--completion", 12);
}

int main(int argc, char **argv)
{
    static const char *const known = "known: embeddings, plumage";
    const size_t command = find_command(argc, argv);
    cli_common common = { 0 };
    if (command < N_COMMANDS) return run[command](argc, argv);
    cli_begin(&synth_program);
    if (argc > 1 && *argv[1] != '-')
        cli_die(CLI_EXIT_USAGE, "'%s' is unknown; %s", argv[1], known);
    if (argc > 1 && asks(argv[1])) cli_parse(&synth_program, &common, argc, argv);
    cli_die(CLI_EXIT_USAGE, "what to make is missing; %s", known);
}
