/* bench_objectives.c - what a training step pays for its objective.
 *
 *   bench_objectives [--batch N] [--dim D] [--classes C] [--seconds S] [--isa NAME] [--json]
 *
 * Every objective with its own miner and settings on N [112] unit rows of D [128] dimensions,
 * two of a class, C [100] classes; loss and gradients, on one thread, for S [0.3] seconds each.
 * Prints the median and the best in milliseconds and the scratch it takes, or with --json one
 * line of JSON. SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timing.h"
#include "train/objective.h"

enum { MAX_RUNS = 100000, MIN_RUNS = 5 };

typedef struct bench {
    size_t batch, dim, classes;
    double seconds;
    const fdml_kernels *kernels;
    bool is_json;
    float *f, *df;
    uint32_t *label;
} bench;

typedef struct timing {
    double median, best;
    size_t scratch;
} timing;

static void die(const char *what)
{
    fprintf(stderr, "bench_objectives: %s\n", what);
    exit(2);
}

static bool parse(bench *b, int argc, char **argv)
{
    *b = (bench){
        .batch = 112, .dim = 128, .classes = 100, .seconds = 0.3, .kernels = fdml_kernels_best()
    };
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--json")) {
            b->is_json = true;
            continue;
        }
        if (!strcmp(argv[i], "--batch"))
            b->batch = strtoull(value, NULL, 10);
        else if (!strcmp(argv[i], "--dim"))
            b->dim = strtoull(value, NULL, 10);
        else if (!strcmp(argv[i], "--classes"))
            b->classes = strtoull(value, NULL, 10);
        else if (!strcmp(argv[i], "--seconds"))
            b->seconds = strtod(value, NULL);
        else if (!strcmp(argv[i], "--isa"))
            b->kernels = fdml_kernels_find(value);
        else
            return false;
        i++;
    }
    return b->kernels && b->seconds > 0 && b->batch >= 1 && b->batch <= 1 << 14 &&
           b->dim >= 1 && b->dim <= 1 << 14 && b->classes >= 2 && b->classes <= 1 << 20;
}

/* Two rows of a class lie near each other, as after some training. */
static void make_rows(bench *b)
{
    b->f = bench_floats(b->batch * b->dim);
    b->df = bench_floats(b->batch * b->dim);
    b->label = malloc(b->batch * sizeof *b->label);
    float *noise = bench_floats(b->batch * b->dim);
    if (!b->label) die("no memory for labels");
    bench_uniform(b->f, b->batch * b->dim, 1);
    bench_uniform(noise, b->batch * b->dim, 2);
    for (size_t i = 0; i < b->batch; i++) {
        float *x = b->f + i * b->dim, inverse;
        b->label[i] = (uint32_t)(i / 2 % b->classes);
        if (i % 2) memcpy(x, x - b->dim, b->dim * sizeof *x);
        for (size_t d = 0; d < b->dim; d++) x[d] += noise[i * b->dim + d];
        b->kernels->inverse_norms(&inverse, x, 1, b->dim);
        for (size_t d = 0; d < b->dim; d++) x[d] *= inverse;
    }
}

static timing time_one(const bench *b, const fdml_objective_info *info)
{
    static double taken[MAX_RUNS];
    fdml_arena arena, work;
    fdml_objective *objective;
    fdml_objective_result result;
    fdml_error err;
    size_t n = 0;
    const fdml_objective_options options = { .name = info->name,
                                             .dim = b->dim,
                                             .n_classes = b->classes,
                                             .miner = fdml_miner_defaults,
                                             .kernels = b->kernels };
    fdml_arena_init(&arena, 0);
    fdml_arena_init(&work, 0);
    if (fdml_objective_new(&objective, &options, &arena, &err)) die(err.text);
    fdml_objective_batch batch = { .f = b->f, .n = b->batch, .label = b->label };
    const double start = bench_now();
    while (n < MAX_RUNS && (n < MIN_RUNS || bench_now() - start < b->seconds)) {
        batch.step = n;
        const double began = bench_now();
        if (fdml_objective_run(objective, &batch, b->df, &result, &work, &err)) die(err.text);
        taken[n++] = bench_now() - began;
    }
    const timing t = { bench_median(taken, n), taken[0],
                       work.peak }; /* which has sorted them */
    fdml_arena_close(&work);
    fdml_arena_close(&arena);
    return t;
}

static void write_json(const bench *b, const timing *timings)
{
    fdml_json_writer writer;
    fdml_json_writer_init(&writer, stdout, 0);
    fdml_json_begin_object(&writer);
    fdml_json_key(&writer, "isa");
    fdml_json_string(&writer, b->kernels->isa);
    for (size_t i = 0; fdml_objective_list(i); i++) {
        fdml_json_key(&writer, fdml_objective_list(i)->name);
        fdml_json_number(&writer, timings[i].median);
    }
    bench_write_machine(&writer);
    fdml_json_end_object(&writer);
    printf("\n");
}

int main(int argc, char **argv)
{
    static bench b;
    static timing timings[64];
    if (!parse(&b, argc, argv)) die("wrong option; see the head of bench_objectives.c");
    make_rows(&b);
    if (!b.is_json)
        printf("batch %zu, dim %zu, %zu classes, %s\n%-16s %9s %9s %12s\n", b.batch, b.dim,
               b.classes, b.kernels->isa, "objective", "median ms", "best ms", "scratch MiB");
    for (size_t i = 0; fdml_objective_list(i) && i < 64; i++) {
        const timing t = timings[i] = time_one(&b, fdml_objective_list(i));
        if (!b.is_json)
            printf("%-16s %9.3f %9.3f %12.2f\n", fdml_objective_list(i)->name, 1e3 * t.median,
                   1e3 * t.best, (double)t.scratch / 0x1p20);
    }
    if (b.is_json) write_json(&b, timings);
    return 0;
}
