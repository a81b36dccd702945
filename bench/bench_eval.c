/* bench_eval.c - times the heavy parts of an audit alone, for comparison with other libraries.
 *
 *   bench_eval data   --n N --dim D --classes C [--noise S] [--seed S] --out f.npy [--labels
 * f.csv] bench_eval topk   --n N --dim D --k K    [--data f.npy] [--out-neighbours f.npy]
 *   bench_eval ranks  --n N --dim D          [--data f.npy]   every rank, as -m retrieval needs
 *   bench_eval kmeans --n N --dim D --k K --iterations I [--data f.npy]
 *   all: [--threads T] [--isa NAME] [--distance cosine|l2] [--classes C]
 *
 * Each prints one line of JSON: seconds of the part itself, without reading or making data.
 * Made data are clustered: class centres N(0,1)^D plus noise N(0, S^2), S = 0.7; row i is of
 * class i * C / N. k-means starts from the rows floor(i * N / K).
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "data/matrix.h"
#include "eval/kmeans.h"
#include "eval/pairs.h"
#include "timing.h"

typedef struct options {
    const char *what, *data, *out, *labels, *out_neighbours, *isa, *distance;
    size_t n, dim, classes, k, iterations;
    double noise;
    uint64_t seed;
    int threads;
} options;

static void die(const char *what)
{
    fprintf(stderr, "bench_eval: %s\n", what);
    exit(2);
}

static void read_options(options *o, int argc, char **argv)
{
    *o = (options){ .what = argc > 1 ? argv[1] : "",
                    .n = 60502,
                    .dim = 128,
                    .classes = 11316,
                    .k = 10,
                    .iterations = 5,
                    .noise = 0.7,
                    .seed = 1,
                    .threads = 1,
                    .distance = "l2" };
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (!strcmp(name, "--n"))
            o->n = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--dim"))
            o->dim = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--classes"))
            o->classes = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--k"))
            o->k = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--iterations"))
            o->iterations = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--noise"))
            o->noise = strtod(value, NULL);
        else if (!strcmp(name, "--seed"))
            o->seed = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--threads"))
            o->threads = atoi(value);
        else if (!strcmp(name, "--data"))
            o->data = value;
        else if (!strcmp(name, "--out"))
            o->out = value;
        else if (!strcmp(name, "--labels"))
            o->labels = value;
        else if (!strcmp(name, "--out-neighbours"))
            o->out_neighbours = value;
        else if (!strcmp(name, "--isa"))
            o->isa = value;
        else if (!strcmp(name, "--distance"))
            o->distance = value;
        else
            die("unknown option; see the head of bench_eval.c");
    }
}

/* An .npy header padded to 64 bytes boundaries, then the rows. */
static void write_npy(const char *path, const char *dtype, size_t n, size_t dim,
                      const void *data)
{
    char header[128];
    memset(header, ' ', sizeof header);
    memcpy(header, "\x93NUMPY\x01\x00\x76\x00", 10);
    const int length = snprintf(
        header + 10, sizeof header - 10,
        "{'descr': '%s', 'fortran_order': False, 'shape': (%zu, %zu), }", dtype, n, dim);
    header[10 + length] = ' ';
    header[sizeof header - 1] = '\n';
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(header, sizeof header, 1, file) != 1 ||
        fwrite(data, 4 * dim, n, file) != n || fclose(file))
        die("cannot write the .npy file");
}

static uint32_t class_of(const options *o, size_t row)
{
    return (uint32_t)((double)row * (double)o->classes / (double)o->n);
}

static void make_rows(float *x, const options *o)
{
    float *centre = malloc(o->dim * sizeof *centre);
    if (!centre) die("no memory");
    uint32_t made = UINT32_MAX;
    for (size_t i = 0; i < o->n; i++) {
        const uint32_t class = class_of(o, i);
        fdml_rng rng;
        if (class != made) {
            fdml_rng_init(&rng, o->seed, 1, class);
            for (size_t d = 0; d < o->dim; d++) centre[d] = (float)fdml_rng_normal(&rng);
            made = class;
        }
        fdml_rng_init(&rng, o->seed, 2, (uint32_t)i);
        for (size_t d = 0; d < o->dim; d++)
            x[i * o->dim + d] = centre[d] + (float)(o->noise * fdml_rng_normal(&rng));
    }
    free(centre);
}

static void bench_data(const options *o)
{
    float *x = malloc(o->n * o->dim * sizeof *x);
    if (!x || !o->out) die("data needs --out and memory for the rows");
    make_rows(x, o);
    write_npy(o->out, "<f4", o->n, o->dim, x);
    free(x);
    if (!o->labels) return;
    FILE *file = fopen(o->labels, "w");
    if (!file) die("cannot write the labels");
    fprintf(file, "label,group\n");
    for (size_t i = 0; i < o->n; i++)
        fprintf(file, "%u,%c\n", class_of(o, i), "ABC"[class_of(o, i) % 3]);
    fclose(file);
}

typedef struct bench {
    fdml_arena arena;
    fdml_matrix matrix;
    fdml_factor label;
    fdml_problem problem;
    fdml_machine machine;
} bench;

static void set_up(bench *b, options *o)
{
    fdml_error err;
    fdml_arena_init(&b->arena, 0);
    if (o->data) {
        if (fdml_matrix_open(&b->matrix, o->data, &b->arena, &err)) die(err.text);
        o->n = b->matrix.n_rows;
        o->dim = b->matrix.dim;
    } else {
        float *x = fdml_arena_push(&b->arena, o->n * o->dim, sizeof *x);
        if (!x) die("no memory for the rows");
        make_rows(x, o);
        b->matrix.data = x;
    }
    uint32_t *code = fdml_arena_push(&b->arena, o->n, sizeof *code);
    if (!code) die("no memory for the labels");
    for (size_t i = 0; i < o->n; i++) code[i] = class_of(o, i);
    b->label =
        (fdml_factor){ .name = "label", .n_rows = o->n, .n_levels = o->classes, .code = code };
    b->problem = (fdml_problem){ .x = b->matrix.data,
                                 .n_rows = o->n,
                                 .dim = o->dim,
                                 .distance = strcmp(o->distance, "l2") ? FDML_COSINE : FDML_L2,
                                 .label = &b->label };
    b->machine.kernels = o->isa ? fdml_kernels_find(o->isa) : fdml_kernels_best();
    b->machine.n_threads = o->threads;
    if (!b->machine.kernels) die("this instruction set does not run here");
}

static void bench_topk(const options *o, bench *b)
{
    fdml_error err;
    uint32_t *found = fdml_arena_push(&b->arena, o->n * o->k, sizeof *found);
    if (!found) die("no memory for the neighbours");
    const fdml_pass pass = { .top_k = (uint32_t)o->k, .neighbour = found };
    const double start = bench_now();
    if (fdml_pass_run(&pass, &b->problem, &b->machine, &b->arena, &err)) die(err.text);
    const double seconds = bench_now() - start;
    printf(
        "{\"part\": \"topk\", \"n\": %zu, \"dim\": %zu, \"k\": %zu, \"threads\": %d, \"isa\": "
        "\"%s\", \"seconds\": %.4f}\n",
        o->n, o->dim, o->k, o->threads, b->machine.kernels->isa, seconds);
    if (o->out_neighbours) write_npy(o->out_neighbours, "<i4", o->n, o->k, found);
}

static void add_precision(void *ctx, uint32_t query, const uint32_t *rank, uint32_t n)
{
    double sum = 0;
    for (uint32_t r = 0; r < n; r++) sum += (r + 1) / (double)rank[r];
    ((double *)ctx)[query] = n ? sum / n : 0;
}

static void bench_ranks(const options *o, bench *b)
{
    fdml_error err;
    double *precision = fdml_arena_push(&b->arena, o->n, sizeof *precision), map = 0;
    if (!precision) die("no memory for the values");
    const fdml_pass pass = { .on_ranks = add_precision, .ranks_ctx = precision };
    const double start = bench_now();
    if (fdml_pass_run(&pass, &b->problem, &b->machine, &b->arena, &err)) die(err.text);
    const double seconds = bench_now() - start;
    for (size_t i = 0; i < o->n; i++) map += precision[i] / (double)o->n;
    printf("{\"part\": \"ranks\", \"n\": %zu, \"dim\": %zu, \"classes\": %zu, \"threads\": %d, "
           "\"isa\": \"%s\", \"map\": %.6f, \"seconds\": %.4f}\n",
           o->n, o->dim, o->classes, o->threads, b->machine.kernels->isa, map, seconds);
}

static void bench_kmeans(const options *o, bench *b)
{
    fdml_error err;
    uint32_t *id = fdml_arena_push(&b->arena, o->n, sizeof *id);
    float *initial = fdml_arena_push(&b->arena, o->k * o->dim, sizeof *initial);
    if (!id || !initial) die("no memory for the centres");
    for (size_t c = 0; c < o->k; c++)
        memcpy(initial + c * o->dim, b->problem.x + c * o->n / o->k * o->dim,
               o->dim * sizeof(float));
    const fdml_kmeans kmeans = { .k = (uint32_t)o->k,
                                 .n_iterations = (unsigned)o->iterations,
                                 .n_redo = 1,
                                 .seed = o->seed,
                                 .initial = initial };
    double inertia;
    unsigned done;
    const double start = bench_now();
    if (fdml_kmeans_run(id, NULL, &inertia, &done, &kmeans, &b->problem, &b->machine, &b->arena,
                        &err))
        die(err.text);
    const double seconds = bench_now() - start;
    printf("{\"part\": \"kmeans\", \"n\": %zu, \"dim\": %zu, \"k\": %zu, \"iterations\": %u, "
           "\"threads\": %d, \"isa\": \"%s\", \"inertia\": %.9g, \"seconds\": %.4f}\n",
           o->n, o->dim, o->k, done, o->threads, b->machine.kernels->isa, inertia, seconds);
}

int main(int argc, char **argv)
{
    options o;
    bench b;
    read_options(&o, argc, argv);
    if (!strcmp(o.what, "data")) {
        bench_data(&o);
        return 0;
    }
    memset(&b, 0, sizeof b);
    set_up(&b, &o);
    if (!strcmp(o.what, "topk"))
        bench_topk(&o, &b);
    else if (!strcmp(o.what, "ranks"))
        bench_ranks(&o, &b);
    else if (!strcmp(o.what, "kmeans"))
        bench_kmeans(&o, &b);
    else
        die("say what: data, topk, ranks or kmeans");
    fdml_arena_close(&b.arena);
    return 0;
}
