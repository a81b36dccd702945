/* train_plan.c - see train_plan.h.
 * SPDX-License-Identifier: MIT */
#include "train_plan.h"

#include "train/images.h"

enum { TRIALS = 2 }; /* the first touches memory for the first time, the second is timed */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t lasting(const train_need *need)
{
    return need->data + need->network + need->batch;
}

static void check_limit(const train_need *need, const train_run *run)
{
    char most[32], limit[32];
    if (!run->max_memory || need->most <= run->max_memory) return;
    fdml_size_print_above(most, limit, (double)need->most, (double)run->max_memory);
    cli_die(CLI_EXIT_DATA, "--max-memory: %s is too little; this run needs %s%s", limit, most,
            run->data->is_pictures ? " and room for pictures that are large" : "");
}

/* Embedding the rows and auditing them come after each other, as does export at the end. */
static void measure_validation(train_need *need, const train_run *run)
{
    fdml_error err;
    fdml_arena work;
    size_t embed = 0, audit = 0;
    const train_embedding embedding = { run->f, run->c->model.dim, run->model.is_unit };
    const train_validation how = train_run_validation(run);
    fdml_arena_init(&work, 0);
    if (how.part->n) {
        CLI_TRY(train_model_embed_memory(&embed, &run->model, &work, &err), &err);
        CLI_TRY(train_validate_memory(&audit, &embedding, &how, &work, &err), &err);
    }
    fdml_arena_close(&work);
    const size_t export = fdml_trainer_n_weights(run->model.trainer) * sizeof(float);
    need->validation = larger(export, larger(embed, audit));
}

static void measure(train_need *need, const train_run *run)
{
    *need = (train_need){ .data = run->data->memory };
    measure_validation(need, run);
    need->batch = run->arena.used;
    need->network = run->model.arena.used + fdml_trainer_memory(run->model.trainer);
    need->most = lasting(need) + need->validation;
}

/* Two steps, and everything as it was. */
static void try_steps(train_need *need, train_run *run)
{
    fdml_error err;
    fdml_trainer_result result;
    const size_t before = fdml_trainer_memory(run->model.trainer);
    for (int i = 0; i < TRIALS; i++) {
        const double start = train_now();
        CLI_TRY(train_run_load(run, &err), &err);
        const fdml_trainer_batch batch = train_run_batch(run);
        CLI_TRY(fdml_trainer_step(run->model.trainer, &batch, &result, &err), &err);
        need->seconds = train_now() - start;
    }
    need->step = fdml_trainer_memory(run->model.trainer) - before + run->work.peak;
    if (run->data->is_pictures) need->step += fdml_images_scratch(run->data->images);
    need->most = lasting(need) + larger(need->step, need->validation);
    train_model_close(&run->model);
    train_model_open(&run->model, run->c, run->data, run->n_steps, run->common);
}

void train_plan_make(train_need *need, train_run *run)
{
    const size_t limit = run->max_memory;
    measure(need, run);
    check_limit(need, run); /* before memory is touched */
    try_steps(need, run);
    check_limit(need, run);
    const size_t wanted = run->c->data.cache;
    const size_t left = limit ? limit - need->most : wanted;
    if (limit) run->validation_memory = limit - lasting(need);
    if (run->data->is_pictures)
        fdml_images_set_cache(run->data->images, left < wanted ? left : wanted);
}

/* --- --dry-run ---------------------------------------------------------------------------- */

static void print_part(const char *name, const train_part *part)
{
    printf("%-11s %zu rows of %zu classes", name, part->n, part->n ? part->label.n_levels : 0);
    for (size_t k = 0; k < CONFIG_MAX_ATTRIBUTES && part->attribute[k].name; k++)
        printf("%s %s %zu", k ? "," : "; values of", part->attribute[k].name,
               part->attribute[k].n_levels);
    putchar('\n');
}

static const char *size_text(char text[32], size_t bytes)
{
    fdml_size_print(text, (double)bytes);
    return text;
}

static void print_memory(const train_need *need, const train_run *run)
{
    char a[32], b[32], c[32], d[32], e[32], f[32];
    printf("memory      %s: data %s, network %s, batch %s, and a step's %s or a validation's "
           "%s\n",
           size_text(a, need->most), size_text(b, need->data), size_text(c, need->network),
           size_text(d, need->batch), size_text(e, need->step), size_text(f, need->validation));
    if (!run->data->is_pictures) return;
    printf("            decoded pictures beside it: up to %s\n",
           size_text(a, run->max_memory && run->max_memory - need->most < run->c->data.cache
                            ? run->max_memory - need->most
                            : run->c->data.cache));
}

static void print_time(const train_need *need, const train_run *run)
{
    const int n_threads = cli_threads(run->common);
    const double rows = (double)run->c->train.batch;
    printf(
        "time        about %.0f s, validations not counted: %.0f rows/s with %d thread%s, %s\n",
        need->seconds * (double)run->n_steps, rows / need->seconds, n_threads,
        n_threads == 1 ? "" : "s", cli_kernels(run->common)->isa);
}

void train_plan_print(const train_need *need, const train_run *run)
{
    char size[32];
    const config *c = run->c;
    const fdml_trainer *trainer = run->model.trainer;
    const fdml_params *state = fdml_trainer_state(trainer);
    size_t n = 0;
    for (size_t i = 0; i < state->n; i++) n += state->item[i].n;
    print_part("train", &run->data->train);
    print_part("validation", &run->data->validation);
    printf("network     %s to %llu, %zu weights; %s\n", c->model.backbone,
           (unsigned long long)c->model.dim, fdml_trainer_n_weights(trainer),
           c->objective.name);
    printf("steps       %llu of %llu rows, %zu an epoch", (unsigned long long)run->n_steps,
           (unsigned long long)c->train.batch, run->epoch_steps);
    if (run->data->validation.n)
        printf("; validated every %llu", (unsigned long long)run->validate_every);
    printf("; a checkpoint of %s every %llu\n", size_text(size, n * sizeof(float)),
           (unsigned long long)run->checkpoint_every);
    print_memory(need, run);
    print_time(need, run);
}
