/* fdml-embed.c - pictures through a network into rows of numbers, ready for an audit.
 *
 * Reads and checks what can be checked at once (the network, the list of pictures, the settings
 * against each other, the outputs), then works through the pictures. How a picture becomes the
 * network's input is said on stderr and kept beside the rows (emb.npy.json), because nobody can
 * see it in the rows. SPDX-License-Identifier: MIT */
#include <string.h>
#include <time.h>

#include "embed.h"
#include "embed_check.h"
#include "embed_file.h"

typedef struct options {
    cli_common common;
    embed_settings embed;
    const char *output, *meta, *check_against;
    double tolerance;
    size_t max_memory;
    bool resume, layers, dry_run;
} options;

#define AT(member) .offset = offsetof(options, member)
#define EMBED_AT(member) .offset = offsetof(options, embed.member)

static const fdml_option table[] = {
    { .type = FDML_OPTION_SECTION, .help = "Options" },
    { .type = FDML_OPTION_TEXT,
      .name = "output",
      .letter = 'o',
      AT(output),
      .value_name = "FILE",
      .names = FDML_NAMES_OUTPUT,
      .help = "the rows, a float32 .npy; FILE.json says how they were made" },
    { .type = FDML_OPTION_TEXT,
      .name = "meta",
      AT(meta),
      .value_name = "FILE",
      .names = FDML_NAMES_OUTPUT,
      .help = "a CSV of path, label and the table's other columns, for the same rows" },
    { .type = FDML_OPTION_SWITCH,
      .name = "resume",
      AT(resume),
      .help = "go on with an interrupted run; the finished file is the same bytes" },
#include "embed_options.def"
    { .type = FDML_OPTION_SECTION, .help = "Checks" },
    { .type = FDML_OPTION_TEXT,
      .name = "check-against",
      AT(check_against),
      .value_name = "FILE",
      .names = FDML_NAMES_FILE,
      .help = "an .npy of what another program computed: prints the largest difference, exit "
              "status 2 where it is above --tolerance" },
    { .type = FDML_OPTION_REAL,
      .name = "tolerance",
      AT(tolerance),
      .value_name = "X",
      .low = -1e-300,
      .high = 1e6,
      .help = "of --check-against, relative to the largest expected number [1e-4]" },
    { .type = FDML_OPTION_SWITCH,
      .name = "layers",
      AT(layers),
      .help = "print each step's operators, algorithm, time and GFLOP/s" },
    FDML_OPTION_MAX_MEMORY(offsetof(options, max_memory)),
    { .type = FDML_OPTION_SWITCH,
      .name = "dry-run",
      AT(dry_run),
      .help = "print the settings, and the memory and time it would take, and stop" },
    CLI_COMMON_OPTIONS
};

static const cli_program program = {
    .name = "fdml-embed",
    .usage = "fdml-embed --model MODEL IMAGES -o emb.npy [--meta meta.csv] [options]",
    .purpose =
        "Embeds pictures with a neural network: one row of numbers a picture. The same\n"
        "pictures give the same bytes on every machine, whatever its threads or batch.\n\n"
        "MODEL   .onnx, or .safetensors written by fdml\n"
        "IMAGES  a folder of class folders; a .csv or .tsv with a column of paths; a .txt\n"
        "        with one path a line (- is such a list on standard input); pictures\n"
        "        (.jpg .jpeg .png .bmp .pgm .ppm); or an .npy of inputs [N,C,H,W]",
    .examples =
        "  fdml-embed --model resnet50.onnx photos -o emb.npy --meta meta.csv --preset "
        "imagenet\n"
        "  fdml-embed --model face.onnx lfw.csv -o emb.npy --preset lfw --skip-bad --resume\n"
        "  fdml-embed --model m.onnx photos --size 224 --scale 1/255 --value features -o "
        "f.npy\n"
        "  fdml-embed --model m.onnx inputs.npy --check-against outputs.npy\n"
        "  fdml-embed --model m.onnx photos --preset imagenet --layers --threads 1\n",
    .options = table,
    .n_options = sizeof table / sizeof *table,
    .takes_many = true
};

/* What a run consists of; rows go to whatever is wanted of file, check and layers. */
typedef struct run {
    const options *o;
    embed_images images;
    embed_net net;
    embed_recipe recipe;
    embed_file file;
    embed_check check;
    embed_layers layers;
    size_t n_zero;
} run;

static void take_row(void *ctx, size_t row, const float *values)
{
    run *r = ctx;
    (void)row;
    bool is_zero = true;
    for (size_t d = 0; d < r->net.dim && is_zero; d++) is_zero = values[d] == 0;
    r->n_zero += is_zero;
    if (r->o->output) embed_file_row(&r->file, values);
    if (r->o->check_against) embed_check_row(&r->check, values);
}

static void take_skip(void *ctx, size_t row, const char *why)
{
    run *r = ctx;
    cli_warn(&r->o->common, "left out: %s", why);
    if (r->o->output) embed_file_skip(&r->file, row);
}

static void take_pause(void *ctx, size_t done)
{
    run *r = ctx;
    if (r->o->output) embed_file_pause(&r->file, done);
}

static void check_options(const options *o)
{
    if (!o->embed.model) cli_die(CLI_EXIT_USAGE, "--model is missing");
    if (!o->common.n_words) cli_die(CLI_EXIT_USAGE, "IMAGES are missing");
    if (!o->output && !o->check_against && !o->layers && !o->dry_run)
        cli_die(CLI_EXIT_USAGE, "-o FILE is missing");
    if (o->output && !strcmp(o->output, "-"))
        cli_die(CLI_EXIT_USAGE, "-o: the rows go to a file, not to standard output");
    if (o->meta && !o->output) cli_die(CLI_EXIT_USAGE, "--meta needs -o");
    if (o->resume && !o->output) cli_die(CLI_EXIT_USAGE, "--resume needs -o");
    if (o->check_against && o->resume)
        cli_die(CLI_EXIT_USAGE,
                "--check-against looks at all rows; --resume would leave some out");
    if (o->check_against && o->embed.skip_bad)
        cli_die(CLI_EXIT_USAGE, "--check-against needs all rows; --skip-bad leaves some out");
}

/* One line each: nobody should have to guess how rows were made. */
static void say_settings(const run *r)
{
    const options *o = r->o;
    const fdml_folder_found *found = &r->images.pictures.found;
    char more[96] = "";
    if (found->n_classes)
        snprintf(more, sizeof more, " in %zu class folder%s", found->n_classes,
                 found->n_classes == 1 ? "" : "s");
    if (found->n_other) {
        const size_t n = strlen(more);
        snprintf(more + n, sizeof more - n, "; %zu other file%s left alone", found->n_other,
                 found->n_other == 1 ? "" : "s");
    }
    cli_warn(&o->common, "%s: %zu %s%s", r->images.shown, r->images.n_rows,
             r->images.is_array ? "rows" : "pictures", more);
    cli_warn(&o->common, "input %s: %s%s%s%s", r->net.input_text, r->recipe.text,
             *r->recipe.assumed ? " (assumed: " : "", r->recipe.assumed,
             *r->recipe.assumed ? ")" : "");
}

static size_t plan(run *r, const fdml_plan_options *asked)
{
    const options *o = r->o;
    embed_net *net = &r->net;
    fdml_plan_memory memory;
    fdml_plan_options machine = *asked;
    machine.max_memory = o->max_memory;
    const size_t batch = embed_net_batch(net, &o->embed, r->images.n_rows);
    embed_net_plan(net, &r->recipe.row, batch, &machine);
    fdml_plan_get_memory(&memory, net->plan);
    return memory.weights + memory.buffer + memory.scratch +
           embed_run_memory(net, asked->n_threads);
}

/* The bytes left for decoding, of which every thread gets its share. */
static size_t memory_left(const options *o, size_t needed)
{
    char need[32], limit[32];
    if (!o->max_memory) return 0;
    if (needed < o->max_memory) return o->max_memory - needed;
    fdml_size_print_above(need, limit, (double)needed, (double)o->max_memory);
    cli_die(CLI_EXIT_DATA,
            "--max-memory: %s is too little; this run needs %s and what pictures "
            "take while they are decoded",
            limit, need);
}

static void write_meta(FILE *file, const run *r)
{
    const embed_images *images = &r->images;
    size_t next = 0;
    if (images->is_array) return;
    embed_meta_header(file, &images->pictures.table);
    for (size_t row = 0; row < images->n_rows; row++) {
        if (next < r->file.n_skipped && r->file.skipped[next] == row)
            next++;
        else
            embed_meta_row(file, &images->pictures.table, row);
    }
}

static void close_run(run *r, FILE *meta, double seconds)
{
    const options *o = r->o;
    const size_t n_now = r->images.n_rows - r->file.n_before;
    cli_progress_clear();
    if (meta) write_meta(meta, r);
    if (o->output) embed_file_finish(&r->file);
    cli_outputs_commit();
    if (r->n_zero)
        cli_warn(&o->common, "warning: %zu row%s of zeros", r->n_zero,
                 r->n_zero == 1 ? "" : "s");
    if (!o->output) return;
    char left_out[64] = "";
    if (r->file.n_skipped)
        snprintf(left_out, sizeof left_out, ", %zu picture%s left out", r->file.n_skipped,
                 r->file.n_skipped == 1 ? "" : "s");
    if (!o->common.quiet)
        printf("%s: %zu x %zu float32%s, %.1f images/s, sha256 %s\n", o->output, r->file.n_rows,
               r->net.dim, left_out, seconds > 0 ? (double)n_now / seconds : 0, r->file.sha256);
}

/* A signal or a picture that cannot be read: what is done stays, and how to go on is said. */
static _Noreturn void give_up(run *r, const fdml_error *err)
{
    const int number = cli_noted_signal();
    const size_t done = r->file.done, n = r->images.n_rows;
    char kept[160] = "";
    cli_progress_clear();
    if (r->o->output) embed_file_leave(&r->file);
    if (done)
        snprintf(kept, sizeof kept,
                 "%zu of %zu images are done; the same command with --resume "
                 "goes on",
                 done, n);
    if (!number && !done) cli_fail(err);
    if (!number) cli_die(CLI_EXIT_DATA, "%s (%s)", err->text, kept);
    cli_outputs_abort();
    cli_warn(&r->o->common, "interrupted: %s", done ? kept : "nothing was done yet");
    cli_end_by_signal(number);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static FILE *open_outputs(run *r, fdml_arena *arena)
{
    const options *o = r->o;
    if (!o->output) return NULL;
    embed_net_hash(&r->net);
    embed_images_hash(&r->images);
    r->file.images = &r->images;
    r->file.net = &r->net;
    r->file.recipe = &r->recipe;
    r->file.settings = &o->embed;
    embed_file_open(&r->file, o->output, o->resume, arena);
    return o->meta ? cli_output_open(o->meta) : NULL;
}

static int embed(run *r, embed_job *job, fdml_arena *arena)
{
    const options *o = r->o;
    fdml_error err;
    FILE *meta = open_outputs(r, arena);
    if (r->file.is_complete) {
        if (meta) write_meta(meta, r);
        cli_outputs_commit();
        cli_warn(&o->common, "%s: is complete, %zu rows", o->output, r->file.n_rows);
        return 0;
    }
    if (o->check_against)
        embed_check_open(&r->check, o->check_against, &r->net, &r->images, arena);
    if (o->layers) {
        embed_layers_open(&r->layers, r->net.plan, arena);
        job->layers = &r->layers;
    }
    cli_note_signals();
    cli_progress_unit("images");
    job->row = take_row, job->skip = take_skip, job->pause = take_pause, job->ctx = r;
    const size_t first = r->file.done, n = r->images.n_rows - first;
    const double start = now();
    const fdml_status status = embed_run(job, first, n, &err);
    if (status || cli_noted_signal()) give_up(r, &err);
    close_run(r, meta, now() - start);
    if (o->layers) embed_layers_print(&r->layers, &r->net, arena);
    const bool is_fine =
        !o->check_against || embed_check_print(&r->check, &r->net, o->tolerance);
    cli_outputs_commit();
    return is_fine ? 0 : CLI_EXIT_DATA;
}

int main(int argc, char **argv)
{
    static run r;
    options o = { .embed = embed_defaults, .tolerance = 1e-4 };
    fdml_arena arena;
    cli_begin(&program);
    cli_parse(&program, &o, argc, argv);
    check_options(&o);
    cli_catch_signals();
    r.o = &o;
    fdml_arena_init(&arena, 0);
    const fdml_kernels *kernels = cli_kernels(&o.common);
    const int n_threads = cli_threads(&o.common);
    embed_net_open(&r.net, &o.embed);
    embed_images_open(&r.images, o.common.words, o.common.n_words, &o.embed, &arena);
    embed_recipe_make(&r.recipe, &o.embed, &r.net, &r.images);
    say_settings(&r);
    const fdml_plan_options machine = { .kernels = kernels, .n_threads = n_threads };
    const size_t memory = plan(&r, &machine) + arena.used;
    embed_job job = { .settings = &o.embed,
                      .images = &r.images,
                      .recipe = &r.recipe,
                      .net = &r.net,
                      .kernels = kernels,
                      .n_threads = n_threads,
                      .max_memory = memory_left(&o, memory),
                      .progress = cli_progress_open(&o.common) };
    int status = 0;
    if (o.dry_run)
        embed_estimate_print(&job, r.images.n_rows, memory);
    else
        status = embed(&r, &job, &arena);
    if (o.dry_run) cli_outputs_commit();
    embed_images_close(&r.images);
    embed_net_close(&r.net);
    cli_input_remove();
    fdml_arena_close(&arena);
    return status;
}
