/* bench_train.c - one training step of a network: forward, backward, and what updates weights.
 *
 *   bench_train BACKBONE [--batch N] [--size N] [--threads T] [--isa NAME] [--seconds S]
 *               [--layers]
 *
 * The weights are invented, the pictures uniform on [-1, 1), and the gradient of the output is
 * one of equal size for each number. Prints the median time of forward and backward, pictures a
 * second, and memory. --layers tells every layer's share.
 *
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/parallel.h"
#include "model/backbone.h"
#include "timing.h"
#include "train/tape_state.h"

enum { MAX_RUNS = 10000, MIN_RUNS = 3 };

typedef struct options {
    const char *net;
    const fdml_kernels *kernels;
    size_t batch, size, n_threads;
    double seconds;
    bool has_layers;
} options;

static void die(const char *what)
{
    fprintf(stderr, "bench_train: %s\n", what);
    exit(2);
}

static void must(fdml_status status, const fdml_error *err)
{
    if (status) die(err->text);
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
        if (!strcmp(argv[i], "--layers"))
            o->has_layers = true;
        else if (argv[i][0] != '-' && !o->net)
            o->net = argv[i];
        else if (parse_value(o, argv[i], i + 1 < argc ? argv[i + 1] : NULL))
            i++;
        else
            return false;
    }
    return o->net != NULL;
}

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

static void run(const options *o, fdml_tape *tape, const float *x)
{
    static double forward[MAX_RUNS], backward[MAX_RUNS];
    const size_t n_out = o->batch * fdml_tape_columns(tape);
    float *gy = bench_floats(n_out);
    bench_uniform(gy, n_out, 2);
    fdml_error err;
    const double started = bench_now();
    size_t n = 0;
    for (; n < MAX_RUNS && (n < MIN_RUNS || bench_now() - started < o->seconds); n++) {
        const float *y;
        const double t0 = bench_now();
        must(fdml_tape_forward(tape, x, &y, &err), &err);
        const double t1 = bench_now();
        must(fdml_tape_backward(tape, gy, &err), &err);
        forward[n] = t1 - t0;
        backward[n] = bench_now() - t1;
    }
    const double f = bench_median(forward, n), b = bench_median(backward, n);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%s %zu x %zu, batch %zu, %zu threads, %s: forward %.1f ms, backward %.1f ms, %.1f "
           "pictures/s; tape %zu MiB, process %ld MiB\n",
           o->net, o->size, o->size, o->batch, o->n_threads, o->kernels->isa, f * 1e3, b * 1e3,
           (double)o->batch / (f + b), fdml_tape_memory(tape) >> 20, usage.ru_maxrss >> 10);
}

int main(int argc, char **argv)
{
    options o;
    fdml_error err;
    if (!parse(&o, argc, argv)) {
        fputs("usage: bench_train BACKBONE [--batch N] [--size N] [--threads T] [--isa NAME] "
              "[--seconds S] [--layers]\n",
              stderr);
        return 2;
    }
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    fdml_weights weights;
    fdml_graph graph;
    fdml_tensor input;
    fdml_tape *tape;
    const fdml_backbone *backbone = fdml_backbone_find(o.net);
    if (!backbone) die("there is no such backbone");
    if (!o.size) o.size = backbone->size;
    fdml_weights_invent(&weights, o.net, 1, 0, &arena);
    const fdml_backbone_options how = { .height = o.size, .width = o.size };
    must(fdml_backbone_build(&graph, o.net, &weights, &how, &arena, &err), &err);
    const size_t dim[] = { o.batch, 3, o.size, o.size };
    must(fdml_tensor_shape(&input, FDML_TYPE_F32, 4, dim, "input", &err), &err);
    const fdml_tape_options settings = { .kernels = o.kernels, .n_threads = (int)o.n_threads };
    must(fdml_tape_new(&tape, &graph, &input, &settings, &err), &err);
    float *x = bench_floats(input.n_items);
    bench_uniform(x, input.n_items, 1);
    if (o.has_layers) time_layers(tape, x);
    run(&o, tape, x);
    fdml_tape_free(tape);
    return 0;
}
