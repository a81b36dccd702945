/* bench_image.c - how many pictures a second become a network's input.
 *
 *   bench_image LIST [--threads T] [--rounds N] [--size S] [--isa NAME] [--out FILE]
 *
 * LIST names one picture a line. Each is read, decoded, resized to S x S [224] and turned into
 * float planes; a round does all of them, threads take them one by one, and the median round
 * counts. A first round is not timed; --out writes its planes, [n, 3, S, S] floats without a
 * header, for comparison with another library's. Prints one line of JSON.
 * SPDX-License-Identifier: MIT */
#define _DEFAULT_SOURCE /* strdup */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "data/preprocess.h"
#include "timing.h"

enum { MAX_THREADS = 64, MAX_ROUNDS = 1000 };

typedef struct bench {
    char **path;
    size_t n_paths, n_rounds;
    const fdml_kernels *kernels;
    fdml_preprocess steps;
    int n_threads;
    fdml_arena arena[MAX_THREADS];
    float *planes[MAX_THREADS];
    double decode_seconds[MAX_THREADS];
    FILE *out; /* open in the first round, which has one thread */
} bench;

static void die(const char *what)
{
    fprintf(stderr, "bench_image: %s\n", what);
    exit(2);
}

static void one_picture(void *ctx, size_t i, int thread)
{
    bench *b = ctx;
    fdml_arena *arena = &b->arena[thread];
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    fdml_image image;
    fdml_error err;
    const double start = bench_now();
    if (fdml_image_read(&image, b->path[i], &fdml_image_default_limits, arena, &err))
        die(err.text);
    b->decode_seconds[thread] += bench_now() - start;
    if (fdml_preprocess_run(b->planes[thread], &b->steps, &image, b->path[i], b->kernels, arena,
                            &err))
        die(err.text);
    const size_t n = 3 * b->steps.resize_width * b->steps.resize_height;
    if (b->out && fwrite(b->planes[thread], sizeof(float), n, b->out) != n)
        die("cannot write the planes");
    fdml_arena_reset(arena, mark);
}

static void read_list(bench *b, const char *path)
{
    FILE *file = fopen(path, "r");
    char line[4096];
    if (!file) die("cannot open the list");
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        b->path = realloc(b->path, (b->n_paths + 1) * sizeof *b->path);
        if (!b->path || !(b->path[b->n_paths++] = strdup(line))) die("no memory");
    }
    fclose(file);
    if (!b->n_paths) die("the list is empty");
}

static void read_options(bench *b, const char **out, int argc, char **argv)
{
    size_t side = 224;
    if (argc < 2) die("which pictures? See the head of bench_image.c");
    read_list(b, argv[1]);
    for (int i = 2; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        if (!strcmp(name, "--threads"))
            b->n_threads = atoi(value);
        else if (!strcmp(name, "--rounds"))
            b->n_rounds = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--size"))
            side = strtoull(value, NULL, 10);
        else if (!strcmp(name, "--isa"))
            b->kernels = fdml_kernels_find(value);
        else if (!strcmp(name, "--out"))
            *out = value;
        else
            die("unknown option; see the head of bench_image.c");
    }
    if (!b->kernels) die("no such instruction set here");
    if (b->n_threads < 1 || b->n_threads > MAX_THREADS) die("--threads is 1 to 64");
    if (b->n_rounds < 1 || b->n_rounds > MAX_ROUNDS) die("--rounds is 1 to 1000");
    if (side < 1 || side > 4096) die("--size is 1 to 4096");
    b->steps.resize_width = b->steps.resize_height = side;
}

static void warm_up(bench *b, const char *out)
{
    for (int t = 0; t < b->n_threads; t++) {
        fdml_arena_init(&b->arena[t], 0);
        b->planes[t] = bench_floats(3 * b->steps.resize_width * b->steps.resize_height);
    }
    if (out && !(b->out = fopen(out, "wb"))) die("cannot open the file of --out");
    fdml_parallel(b->n_paths, 1, one_picture, b);
    if (b->out && fclose(b->out)) die("cannot write the planes");
    b->out = NULL;
    b->decode_seconds[0] = 0;
}

int main(int argc, char **argv)
{
    static bench b = { .n_rounds = 5, .n_threads = 1 };
    static double seconds[MAX_ROUNDS];
    const char *out = NULL;
    b.kernels = fdml_kernels_best();
    b.steps = (fdml_preprocess){ .n_channels = 3, .scale = 1, .std = { 1, 1, 1 } };
    read_options(&b, &out, argc, argv);
    warm_up(&b, out);
    for (size_t round = 0; round < b.n_rounds; round++) {
        const double start = bench_now();
        fdml_parallel(b.n_paths, b.n_threads, one_picture, &b);
        seconds[round] = bench_now() - start;
    }
    double decoding = 0;
    for (int t = 0; t < b.n_threads; t++) decoding += b.decode_seconds[t];
    const double n = (double)b.n_paths, median = bench_median(seconds, b.n_rounds);
    printf("{\"pictures\": %zu, \"threads\": %d, \"isa\": \"%s\", \"seconds\": %.6f, "
           "\"pictures_per_second\": %.1f, \"decode_ms\": %.4f}\n",
           b.n_paths, b.n_threads, b.kernels->isa, median, n / median,
           1e3 * decoding / (n * (double)b.n_rounds));
    return 0;
}
