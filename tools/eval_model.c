/* eval_model.c - fdml-eval --model: the embeddings are made first, in memory.
 *
 * The rows are those that fdml-embed would write, so the audit's result_sha256 is that of
 * fdml-embed followed by fdml-eval. SPDX-License-Identifier: MIT */
#include <string.h>

#include "embed_check.h"
#include "eval_input.h"

typedef struct making {
    const eval_options *o;
    embed_images images;
    embed_net net;
    embed_recipe recipe;
    float *rows; /* [n_rows, dim] */
    uint32_t *kept;
    size_t n;
} making;

static void take_row(void *ctx, size_t row, const float *values)
{
    making *m = ctx;
    memcpy(m->rows + m->n * m->net.dim, values, m->net.dim * sizeof *values);
    m->kept[m->n++] = (uint32_t)row;
}

static void take_skip(void *ctx, size_t row, const char *why)
{
    const making *m = ctx;
    (void)row;
    cli_warn(&m->o->common, "left out: %s", why);
}

static void take_pause(void *ctx, size_t done)
{
    (void)ctx, (void)done;
}

static void check_memory(const eval_options *o, size_t needed)
{
    char need[32], limit[32];
    if (!o->max_memory || needed <= o->max_memory) return;
    fdml_size_print_above(need, limit, (double)needed, (double)o->max_memory);
    cli_die(CLI_EXIT_DATA, "--max-memory: %s is too little; embedding alone needs %s", limit,
            need);
}

/* Opens network and images, and plans; returns the bytes that embedding takes. */
static size_t prepare(making *m, const fdml_machine *machine, fdml_arena *arena)
{
    const embed_settings *s = &m->o->embed;
    const fdml_texts *words = &m->o->common.positional;
    const fdml_plan_options options = { .kernels = machine->kernels,
                                        .n_threads = machine->n_threads,
                                        .max_memory = m->o->max_memory };
    fdml_plan_memory memory;
    embed_net_open(&m->net, s);
    embed_images_open(&m->images, words->item, 1, s, arena);
    if (!m->images.is_array && words->n > 1)
        cli_die(CLI_EXIT_USAGE,
                "one argument too many: '%s'; labels and groups stand beside "
                "the paths",
                words->item[1]);
    embed_recipe_make(&m->recipe, s, &m->net, &m->images);
    cli_warn(&m->o->common, "input %s: %s%s%s%s", m->net.input_text, m->recipe.text,
             *m->recipe.assumed ? " (assumed: " : "", m->recipe.assumed,
             *m->recipe.assumed ? ")" : "");
    embed_net_plan(&m->net, &m->recipe.row, embed_net_batch(&m->net, s, m->images.n_rows),
                   &options);
    fdml_plan_get_memory(&memory, m->net.plan);
    return memory.weights + memory.buffer + memory.scratch +
           embed_run_memory(&m->net, machine->n_threads) + arena->used +
           m->images.n_rows * (m->net.dim * sizeof(float) + sizeof(uint32_t));
}

static void run(making *m, const fdml_machine *machine, size_t needed, fdml_arena *arena)
{
    fdml_error err;
    const size_t n = m->images.n_rows, dim = m->net.dim;
    const size_t max_memory = m->o->max_memory;
    if (n <= SIZE_MAX / sizeof(float) / dim)
        m->rows = fdml_arena_push(arena, n * dim, sizeof *m->rows);
    m->kept = fdml_arena_push(arena, n, sizeof *m->kept);
    if (!m->rows || !m->kept)
        cli_die(CLI_EXIT_DATA, "no memory for %zu rows of %zu floats", n, dim);
    const embed_job job = { .settings = &m->o->embed,
                            .images = &m->images,
                            .recipe = &m->recipe,
                            .net = &m->net,
                            .kernels = machine->kernels,
                            .n_threads = machine->n_threads,
                            .max_memory = max_memory ? max_memory - needed + 1 : 0,
                            .progress = machine->progress,
                            .row = take_row,
                            .skip = take_skip,
                            .pause = take_pause,
                            .ctx = m };
    cli_progress_unit("images");
    CLI_TRY(embed_run(&job, 0, n, &err), &err);
    cli_progress_unit(NULL);
    if (!m->n) cli_die(CLI_EXIT_DATA, "%s: no picture can be read", m->images.shown);
}

static void copy_hash(fdml_report_input *file, const char *sha256)
{
    memcpy(file->sha256, sha256, FDML_SHA256_HEX);
}

static void list_files(eval_input *input, making *m, size_t n_rows)
{
    const bool is_folder =
        m->images.pictures.found.n_classes || fdml_folder_is(m->images.shown);
    fdml_report_input *images = eval_input_add_file(input, "images", m->images.shown,
                                                    is_folder ? NULL : m->images.shown, n_rows);
    images->dim = m->net.dim;
    images->dtype = "f4";
    if (is_folder) {
        embed_images_hash(&m->images);
        copy_hash(images, m->images.sha256);
    }
    eval_input_add_file(input, "model", m->net.path, m->net.path, 0);
}

static const char *copy(const char *text, fdml_arena *arena)
{
    const char *kept = fdml_arena_copy_text(arena, text, strlen(text));
    if (!kept) cli_die(CLI_EXIT_DATA, "out of memory");
    return kept;
}

void eval_model_open(eval_input *input, const eval_options *o, const fdml_machine *machine,
                     fdml_arena *arena)
{
    fdml_error err;
    making *m = fdml_arena_push_zero(arena, 1, sizeof *m);
    if (!m) cli_die(CLI_EXIT_DATA, "out of memory");
    m->o = o;
    const size_t needed = prepare(m, machine, arena);
    check_memory(o, needed);
    m->n = o->dry_run ? m->images.n_rows : 0;
    if (!o->dry_run) run(m, machine, needed, arena);
    input->n_images = m->images.n_rows;
    input->n_left_out = m->images.n_rows - m->n;
    input->table = m->images.pictures.table;
    if (m->images.pictures.root) input->picture_root = copy(m->images.pictures.root, arena);
    if (input->n_left_out)
        CLI_TRY(fdml_table_keep_rows(&input->table, m->kept, m->n, arena, &err), &err);
    input->matrix = (fdml_matrix){ .data = m->rows, .n_rows = m->n, .dim = m->net.dim };
    snprintf(input->matrix.dtype, sizeof input->matrix.dtype, "f4");
    if (o->dry_run) input->matrix.own_size = m->n * m->net.dim * sizeof(float);
    input->value = copy(m->net.value, arena);
    input->preprocessing = m->recipe.text;
    list_files(input, m, m->n);
    embed_images_close(&m->images);
    embed_net_close(&m->net);
}
