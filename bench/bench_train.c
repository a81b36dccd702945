/* bench_train.c - one training step of a network: forward, backward, and new weights.
 *
 *   bench_train BACKBONE [--batch N] [--size N] [--threads T] [--isa NAME] [--seconds S]
 *               [--freeze] [--json] [--layers]
 *
 * Behind the network stands a head of DIM numbers at unit length. The weights are invented, the
 * pictures uniform on [-1, 1), the gradient of the embedding is given, and Adam moves all
 * weights. --freeze: batch normalisation is frozen. Prints median times after one step that
 * warms up, pictures a second, and memory; --json one line of JSON in their place, as
 * bench/peers/train.py reads it; --layers tells every layer's share of the network first.
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/parallel.h"
#include "model/backbone.h"
#include "timing.h"
#include "train/head.h"
#include "train/optim.h"
#include "train/tape_state.h"

enum { MAX_RUNS = 10000, MIN_RUNS = 3, DIM = 128 };
enum { FORWARD, BACKWARD, UPDATE, STEP, N_PARTS };

typedef struct options {
    const char *net;
    const fdml_kernels *kernels;
    size_t batch, size, n_threads;
    double seconds;
    bool has_layers, is_frozen, is_json;
} options;

/* All that a step needs. */
typedef struct bench {
    fdml_arena arena, work;
    fdml_graph graph;
    fdml_tape *tape;
    fdml_head head;
    fdml_optim *optim;
    size_t n_rows;
    float *x, *f, *inverse, *df, *dh;
    double part[N_PARTS][MAX_RUNS];
    double median[N_PARTS], best, cpu; /* seconds; of the step; of all threads */
    size_t n_runs;
} bench;

static const char usage[] =
    "usage: bench_train BACKBONE [--batch N] [--size N] [--threads T] [--isa NAME] "
    "[--seconds S] [--freeze] [--json] [--layers]\n";

static void die(const char *what)
{
    fprintf(stderr, "bench_train: %s\n", what);
    exit(2);
}

static void must(fdml_status status, const fdml_error *err)
{
    if (status) die(err->text);
}

static bool parse_flag(options *o, const char *name)
{
    if (!strcmp(name, "--layers")) return o->has_layers = true;
    if (!strcmp(name, "--freeze")) return o->is_frozen = true;
    if (!strcmp(name, "--json")) return o->is_json = true;
    return false;
}

static bool parse_value(options *o, const char *name, const char *value)
{
    if (!value) return false;
    const long number = atol(value);
    if (!strcmp(name, "--batch") && number > 0) return (o->batch = (size_t)number) != 0;
    if (!strcmp(name, "--size") && number > 0) return (o->size = (size_t)number) != 0;
    if (!strcmp(name, "--threads") && number > 0) return (o->n_threads = (size_t)number) != 0;
    if (!strcmp(name, "--seconds")) return (o->seconds = atof(value)) > 0;
    if (!strcmp(name, "--isa")) return (o->kernels = fdml_kernels_find(value)) != NULL;
    return false;
}

static bool parse(options *o, int argc, char **argv)
{
    *o = (options){ .batch = 16,
                    .seconds = 5,
                    .n_threads = (size_t)fdml_threads_default(),
                    .kernels = fdml_kernels_best() };
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-' && !o->net)
            o->net = argv[i];
        else if (parse_flag(o, argv[i]))
            continue;
        else if (parse_value(o, argv[i], i + 1 < argc ? argv[i + 1] : NULL))
            i++;
        else
            return false;
    }
    return o->net != NULL;
}

/* --- what a step needs ------------------------------------------------------------------- */

static void make_net(bench *b, options *o)
{
    fdml_error err;
    fdml_weights weights;
    fdml_tensor input;
    const fdml_backbone *backbone = fdml_backbone_find(o->net);
    if (!backbone) die("there is no such backbone");
    if (!o->size) o->size = backbone->size;
    fdml_weights_invent(&weights, o->net, 1, 0, &b->arena);
    const fdml_backbone_options how = { .height = o->size, .width = o->size };
    must(fdml_backbone_build(&b->graph, o->net, &weights, &how, &b->arena, &err), &err);
    const size_t dim[] = { o->batch, 3, o->size, o->size };
    must(fdml_tensor_shape(&input, FDML_TYPE_F32, 4, dim, "input", &err), &err);
    const fdml_tape_options settings = { .kernels = o->kernels,
                                         .n_threads = (int)o->n_threads,
                                         .freeze_norm = o->is_frozen };
    must(fdml_tape_new(&b->tape, &b->graph, &input, &settings, &err), &err);
    b->x = bench_floats(input.n_items);
    bench_uniform(b->x, input.n_items, 1);
}

static void make_rest(bench *b, const options *o)
{
    fdml_error err;
    const size_t columns = fdml_tape_columns(b->tape), room = b->tape->n_params + 2;
    const fdml_linear_options linear = { .n_in = columns,
                                         .n_out = DIM,
                                         .seed = 1,
                                         .kernels = o->kernels,
                                         .n_threads = (int)o->n_threads };
    fdml_params params = { .item = fdml_arena_push(&b->arena, room, sizeof *params.item),
                           .room = room };
    if (!params.item) die("no memory for the list of weights");
    must(fdml_head_init(&b->head, &linear, true, &b->arena, &err), &err);
    must(fdml_tape_params(b->tape, &params, &err), &err);
    must(fdml_head_params(&b->head, &params, "head", NULL, &b->arena, &err), &err);
    fdml_optim_options adam = fdml_optim_defaults;
    adam.kernels = o->kernels, adam.n_threads = (int)o->n_threads;
    must(fdml_optim_new(&b->optim, &adam, &params, &b->arena, &err), &err);
    b->n_rows = o->batch;
    b->f = bench_floats(b->n_rows * DIM), b->df = bench_floats(b->n_rows * DIM);
    b->dh = bench_floats(b->n_rows * columns), b->inverse = bench_floats(b->n_rows);
    bench_uniform(b->df, b->n_rows * DIM, 2);
}

/* Numbers that are trained, padding left out. */
static size_t count_weights(const bench *b)
{
    size_t n = DIM * fdml_tape_columns(b->tape) + DIM;
    for (size_t i = 0; i < b->tape->n_params; i++)
        if (b->tape->param[i]->grad) n += b->tape->param[i]->n_items;
    return n;
}

/* --- time -------------------------------------------------------------------------------- */

static void time_layers(fdml_tape *tape, const float *x)
{
    double forward = 0, backward = 0;
    tape->x = x;
    double *at = calloc(2 * tape->n_layers, sizeof *at);
    if (!at) die("no memory");
    for (int round = 0; round < 3; round++) {
        for (uint32_t l = 0; l < tape->n_layers; l++) {
            const double t = bench_now();
            tape->layer[l].forward(tape, &tape->layer[l]);
            at[2 * l] = bench_now() - t;
        }
        for (uint32_t l = tape->n_layers; l-- > 0;) {
            const double t = bench_now();
            if (tape->layer[l].gout != TAPE_NONE)
                tape->layer[l].backward(tape, &tape->layer[l]);
            at[2 * l + 1] = bench_now() - t;
        }
    }
    for (uint32_t l = 0; l < tape->n_layers; l++) {
        const fdml_plane_shape *s = &tape->value[tape->layer[l].out].shape;
        printf("%-28.28s %-20.20s %4zu %3zux%-3zu  forward %8.3f ms  backward %8.3f ms\n",
               tape->layer[l].node->name, tape->layer[l].node->op->name, s->c, s->h, s->w,
               at[2 * l] * 1e3, at[2 * l + 1] * 1e3);
        forward += at[2 * l];
        backward += at[2 * l + 1];
    }
    printf("%-68s forward %8.3f ms  backward %8.3f ms\n", "sum", forward * 1e3, backward * 1e3);
    free(at);
}

/* Of all threads: what a busy machine does not change much. */
static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* seconds: of its parts and of the whole. */
static void step(bench *b, double seconds[N_PARTS])
{
    fdml_error err;
    const double t0 = bench_now();
    fdml_head_rows rows = { .n = b->n_rows, .f = b->f, .inverse = b->inverse };
    must(fdml_tape_forward(b->tape, b->x, &rows.h, &err), &err);
    must(fdml_head_forward(&b->head, &rows, &b->work, &err), &err);
    const double t1 = bench_now();
    must(fdml_head_backward(&b->head, &rows, b->df, b->dh, &b->work, &err), &err);
    must(fdml_tape_backward(b->tape, b->dh, &err), &err);
    const double t2 = bench_now();
    must(fdml_optim_step(b->optim, 1, NULL, &err), &err);
    const double t3 = bench_now();
    seconds[FORWARD] = t1 - t0, seconds[BACKWARD] = t2 - t1;
    seconds[UPDATE] = t3 - t2, seconds[STEP] = t3 - t0;
}

static void time_steps(bench *b, double for_seconds)
{
    double taken[N_PARTS];
    step(b, taken); /* touches the memory */
    const double started = bench_now(), cpu = cpu_seconds();
    while (b->n_runs < MAX_RUNS &&
           (b->n_runs < MIN_RUNS || bench_now() - started < for_seconds)) {
        step(b, taken);
        for (int i = 0; i < N_PARTS; i++) b->part[i][b->n_runs] = taken[i];
        b->n_runs++;
    }
    b->cpu = (cpu_seconds() - cpu) / (double)b->n_runs;
    for (int i = 0; i < N_PARTS; i++) b->median[i] = bench_median(b->part[i], b->n_runs);
    b->best = b->part[STEP][0]; /* bench_median has sorted them */
}

/* --- results ----------------------------------------------------------------------------- */

static void write_text(fdml_json_writer *writer, const char *key, const char *value)
{
    fdml_json_key(writer, key);
    fdml_json_string(writer, value);
}

static void write_json(const bench *b, const options *o)
{
    const struct {
        const char *key;
        double value;
    } numbers[] = { { "batch", (double)o->batch },
                    { "size", (double)o->size },
                    { "threads", (double)o->n_threads },
                    { "weights", (double)count_weights(b) },
                    { "runs", (double)b->n_runs },
                    { "seconds", b->median[STEP] },
                    { "best_seconds", b->best },
                    { "forward_seconds", b->median[FORWARD] },
                    { "backward_seconds", b->median[BACKWARD] },
                    { "update_seconds", b->median[UPDATE] },
                    { "cpu_seconds", b->cpu },
                    { "images_per_second", (double)o->batch / b->median[STEP] },
                    { "peak_bytes", bench_peak_bytes() },
                    { "tape_bytes", (double)fdml_tape_memory(b->tape) } };
    fdml_json_writer writer;
    fdml_json_writer_init(&writer, stdout, 0);
    fdml_json_begin_object(&writer);
    write_text(&writer, "bench", "train");
    write_text(&writer, "model", o->net);
    write_text(&writer, "norm", o->is_frozen ? "frozen" : "batch");
    write_text(&writer, "isa", o->kernels->isa);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        fdml_json_key(&writer, numbers[i].key);
        fdml_json_number(&writer, numbers[i].value);
    }
    bench_write_machine(&writer);
    fdml_json_end_object(&writer);
    printf("\n");
}

static void print_text(const bench *b, const options *o)
{
    printf(
        "%s %zu x %zu, batch %zu, %zu threads, %s: forward %.1f ms, backward %.1f ms, update "
        "%.1f ms, %.1f pictures/s (CPU %.1f ms a step); tape %zu MiB, process %.0f MiB\n",
        o->net, o->size, o->size, o->batch, o->n_threads, o->kernels->isa,
        b->median[FORWARD] * 1e3, b->median[BACKWARD] * 1e3, b->median[UPDATE] * 1e3,
        (double)o->batch / b->median[STEP], b->cpu * 1e3, fdml_tape_memory(b->tape) >> 20,
        bench_peak_bytes() / 0x1p20);
}

int main(int argc, char **argv)
{
    static bench b;
    options o;
    if (!parse(&o, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    fdml_arena_init(&b.arena, 0);
    fdml_arena_init(&b.work, 0);
    make_net(&b, &o);
    make_rest(&b, &o);
    if (o.has_layers) time_layers(b.tape, b.x);
    time_steps(&b, o.seconds);
    if (o.is_json)
        write_json(&b, &o);
    else
        print_text(&b, &o);
    fdml_tape_free(b.tape);
    return 0;
}
