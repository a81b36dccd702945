/* bench_explain.c - times explanations of a trained black box, for comparison with other
 * libraries (bench/peers/explain.py).
 *
 *   bench_explain WHAT [--table x.csv --target NAME --protected A,B --split x.split]
 *                      [--box logistic|mlp] [--setting X] [--samples N] [--rows N]
 *                      [--threads T] [--isa NAME] [--out x.npy]
 *
 * WHAT is lime, shap (encoded columns for players, 50 background rows), gam or tree. Without a
 * table one is made with the shape of Adult: 48,842 rows, four numbers, five categories. The
 * black box has one setting, C [1] or hidden units [50]; its training is not timed. One line of
 * JSON: seconds, processor seconds of all threads, the AUROC of the explanation's predictions
 * by the black box's labels, bytes that the method says it needs, and the process's peak.
 * --out: [test rows, 2] of black box and explanation. SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/rng.h"
#include "data/npy_write.h"
#include "explain/blackbox.h"
#include "explain/cart.h"
#include "explain/crossval.h"
#include "explain/gam.h"
#include "explain/kernel_shap.h"
#include "explain/lime.h"
#include "explain/tabular_split.h"
#include "timing.h"

enum { MADE_ROWS = 48842, MADE_FEATURES = 9, BACKGROUND = 50 };

typedef struct task {
    fdml_tabular table;
    const uint32_t *part[FDML_PART_NONE];
    size_t n[FDML_PART_NONE];
    size_t n_rows, n_samples; /* explained test rows; samples, or 0 */
    fdml_workers workers;
    fdml_blackbox box;
    double *p, *e; /* [n_rows] */
    double bytes;  /* that the method asks for */
    fdml_arena arena;
} task;

static fdml_error err;

static void die(const char *what)
{
    fprintf(stderr, "bench_explain: %s\n", what);
    exit(2);
}

static void check(fdml_status status)
{
    if (status) die(err.text);
}

static void *room(task *t, size_t n, size_t size)
{
    void *piece = fdml_arena_push(&t->arena, n, size);
    if (!piece) die("no memory");
    return piece;
}

static const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 2; i + 1 < argc; i += 2)
        if (!strcmp(argv[i], name)) return argv[i + 1];
    return otherwise;
}

/* --- the table ---------------------------------------------------------------------------- */

/* Half of the categories' levels have most of the rows, and the target follows numbers, levels
 * and a product. */
static void make_table(task *t)
{
    static const uint32_t n_levels[MADE_FEATURES] = { 0, 4, 7, 5, 6, 6, 0, 0, 0 };
    fdml_feature *feature = room(t, MADE_FEATURES, sizeof *feature);
    float *x = room(t, MADE_ROWS * MADE_FEATURES, sizeof *x);
    uint8_t *target = room(t, MADE_ROWS, sizeof *target);
    for (size_t f = 0; f < MADE_FEATURES; f++)
        feature[f] = (fdml_feature){ "made", n_levels[f] ? FDML_CATEGORICAL : FDML_NUMERIC,
                                     n_levels[f], NULL };
    for (uint32_t i = 0; i < MADE_ROWS; i++) {
        fdml_rng rng;
        fdml_rng_init(&rng, 1, 1, i);
        float *row = x + i * MADE_FEATURES;
        double sum = -1;
        for (size_t f = 0; f < MADE_FEATURES; f++) {
            const double u = fdml_rng_double(&rng);
            row[f] = (float)(n_levels[f] ? (double)(uint32_t)(u * u * n_levels[f])
                                         : fdml_rng_normal(&rng));
            sum += (double)row[f] * (f % 2 ? 0.4 : -0.3);
        }
        sum += (double)(row[0] * row[8]);
        target[i] = sum + fdml_rng_normal(&rng) > 0;
    }
    t->table = (fdml_tabular){ .n_rows = MADE_ROWS,
                               .n_features = MADE_FEATURES,
                               .feature = feature,
                               .x = x,
                               .target = target,
                               .target_name = "made" };
    check(fdml_tabular_split_random(&t->table, 1, &t->arena, &err));
}

static void read_table(task *t, const char *path, int argc, char **argv)
{
    static fdml_table table;
    fdml_tabular_notes notes;
    static const char *name[8];
    fdml_tabular_options options = { .target = option(argc, argv, "--target", "") };
    char *list = fdml_arena_copy_text(&t->arena, option(argc, argv, "--protected", ""),
                                      strlen(option(argc, argv, "--protected", "")));
    for (char *one = strtok(list, ","); one && options.drop.n < 8; one = strtok(NULL, ","))
        name[options.drop.n++] = one;
    options.drop.name = name; /* no groups are looked at here */
    check(fdml_table_open(&table, path, &t->arena, &err));
    check(fdml_tabular_read(&t->table, &notes, &table, &options, &t->arena, &err));
    const char *split = option(argc, argv, "--split", NULL);
    if (split)
        check(fdml_tabular_split_open(&t->table, split, &t->arena, &err));
    else
        check(fdml_tabular_split_random(&t->table, 1, &t->arena, &err));
}

static void prepare(task *t, int argc, char **argv)
{
    const char *path = option(argc, argv, "--table", NULL),
               *isa = option(argc, argv, "--isa", "");
    const bool is_net = !strcmp(option(argc, argv, "--box", "logistic"), "mlp");
    const double setting = atof(option(argc, argv, "--setting", is_net ? "50" : "1"));
    fdml_blackbox_choice choice;
    fdml_arena_init(&t->arena, 0);
    t->workers = (fdml_workers){ *isa ? fdml_kernels_find(isa) : fdml_kernels_best(),
                                 atoi(option(argc, argv, "--threads", "1")) };
    if (!t->workers.kernels) die("no such instruction set");
    if (path)
        read_table(t, path, argc, argv);
    else
        make_table(t);
    for (int p = 0; p < FDML_PART_NONE; p++)
        check(fdml_tabular_part_rows(&t->part[p], &t->n[p], &t->table, (fdml_part)p, &t->arena,
                                     &err));
    const size_t n_rows = strtoul(option(argc, argv, "--rows", "0"), NULL, 10);
    t->n_rows = n_rows && n_rows < t->n[FDML_PART_TEST] ? n_rows : t->n[FDML_PART_TEST];
    t->n_samples = strtoul(option(argc, argv, "--samples", "0"), NULL, 10);
    t->p = room(t, t->n_rows, sizeof *t->p);
    t->e = room(t, t->n_rows, sizeof *t->e);
    const fdml_blackbox_options options = { .kind = is_net ? FDML_BLACKBOX_MLP
                                                           : FDML_BLACKBOX_LOGISTIC,
                                            .candidate = &setting,
                                            .n_candidates = 1,
                                            .n_folds = 5,
                                            .seed = 1,
                                            .workers = t->workers };
    check(fdml_blackbox_train(&t->box, &choice, &t->table, t->part[FDML_PART_TRAIN],
                              t->n[FDML_PART_TRAIN], &options, &t->arena, &err));
    check(fdml_blackbox_rows(t->p, &t->box, &t->table, t->part[FDML_PART_TEST], t->n_rows,
                             t->workers.n_threads, &t->arena, &err));
}

/* --- what is timed ------------------------------------------------------------------------ */

static double time_lime(task *t)
{
    fdml_lime_data data;
    fdml_lime_options options = fdml_lime_defaults;
    fdml_lime_result result = { .prediction = t->e };
    options.seed = 1;
    options.workers = t->workers;
    if (t->n_samples) options.n_samples = t->n_samples;
    const double start = bench_now();
    check(fdml_lime_data_make(&data, &t->table, t->part[FDML_PART_EXPLAIN],
                              t->n[FDML_PART_EXPLAIN], &t->arena, &err));
    t->bytes = fdml_lime_memory(&data, &options);
    check(fdml_lime_explain(&result, &data, &t->box, t->table.x, t->part[FDML_PART_TEST],
                            t->n_rows, &options, &t->arena, &err));
    return bench_now() - start;
}

/* Rows of a part as the encoder of the black box makes them. */
static float *encode(task *t, const uint32_t *row, size_t n)
{
    float *z = room(t, n * t->box.encoder->dim, sizeof *z);
    for (size_t i = 0; i < n; i++)
        fdml_encoder_rows(z + i * t->box.encoder->dim, t->box.encoder,
                          t->table.x + (size_t)row[i] * t->table.n_features, 1);
    return z;
}

static double time_shap(task *t)
{
    const size_t dim = t->box.encoder->dim;
    const fdml_blackbox box = fdml_blackbox_of_encoded(&t->box);
    const fdml_shap_data data = { dim, BACKGROUND,
                                  encode(t, t->part[FDML_PART_EXPLAIN], BACKGROUND),
                                  encode(t, t->part[FDML_PART_TEST], t->n_rows) };
    const fdml_shap_options options = { .seed = 1,
                                        .n_samples = t->n_samples ? t->n_samples : 50,
                                        .workers = t->workers };
    fdml_shap_result result = { .prediction = t->e };
    uint32_t *every = room(t, t->n_rows, sizeof *every);
    for (uint32_t i = 0; i < t->n_rows; i++) every[i] = i;
    t->bytes = fdml_shap_memory(dim, BACKGROUND, &options);
    const double start = bench_now();
    check(fdml_shap_explain(&result, &box, &data, every, t->n_rows, &options, &t->arena, &err));
    return bench_now() - start;
}

/* Of the rows that explain, with the black box's labels. */
static double time_global(task *t, bool is_gam)
{
    const size_t n = t->n[FDML_PART_EXPLAIN], dim = t->box.encoder->dim;
    const float *z = encode(t, t->part[FDML_PART_EXPLAIN], n);
    const float *test = encode(t, t->part[FDML_PART_TEST], t->n_rows);
    double *p = room(t, n, sizeof *p);
    uint8_t *label = room(t, n, sizeof *label);
    check(fdml_blackbox_rows(p, &t->box, &t->table, t->part[FDML_PART_EXPLAIN], n,
                             t->workers.n_threads, &t->arena, &err));
    for (size_t i = 0; i < n; i++) label[i] = p[i] >= 0.5;
    const double start = bench_now();
    if (is_gam) {
        const fdml_gam_options options = { 100, 1e-4, NULL, 0, t->workers.n_threads };
        fdml_gam gam;
        t->bytes = fdml_gam_memory(n, dim, dim, &options);
        check(fdml_gam_fit(&gam, z, label, n, dim, &options, &t->arena, &err));
        fdml_gam_predict(t->e, &gam, test, t->n_rows, t->workers.n_threads);
    } else {
        const fdml_cart_options options = { 6, t->workers.n_threads };
        fdml_cart cart;
        t->bytes = fdml_cart_memory(n, dim, &options);
        check(fdml_cart_fit(&cart, z, label, n, dim, &options, &t->arena, &err));
        fdml_cart_predict(t->e, NULL, &cart, test, t->n_rows);
    }
    return bench_now() - start;
}

/* --- the whole ---------------------------------------------------------------------------- */

static void write_rows(const task *t, const char *path)
{
    float *both = malloc(2 * t->n_rows * sizeof *both);
    FILE *file = fopen(path, "wb");
    if (!both || !file) die("no place for the predictions");
    for (size_t i = 0; i < t->n_rows; i++)
        both[2 * i] = (float)t->p[i], both[2 * i + 1] = (float)t->e[i];
    check(fdml_npy_write(file, both, t->n_rows, 2, &err));
    if (fclose(file)) die("the predictions could not be written");
    free(both);
}

int main(int argc, char **argv)
{
    static task t;
    static const char *const names[] = { "lime", "shap", "gam", "tree" };
    size_t what = 0;
    while (what < 4 && strcmp(argc > 1 ? argv[1] : "", names[what])) what++;
    if (what == 4) die("WHAT is lime, shap, gam or tree");
    prepare(&t, argc, argv);
    const clock_t begin = clock();
    const double seconds = what == 0   ? time_lime(&t)
                           : what == 1 ? time_shap(&t)
                                       : time_global(&t, what == 2);
    const double cpu = (double)(clock() - begin) / CLOCKS_PER_SEC; /* some for the rows */
    uint8_t *label = room(&t, t.n_rows, sizeof *label);
    double auroc;
    for (size_t i = 0; i < t.n_rows; i++) label[i] = t.p[i] >= 0.5;
    check(fdml_auroc(&auroc, t.e, label, t.n_rows, &t.arena, &err));
    if (option(argc, argv, "--out", NULL)) write_rows(&t, option(argc, argv, "--out", NULL));
    printf("{\"seconds\": %.6f, \"cpu\": %.6f, \"rows\": %zu, \"auroc\": %.6f, \"bytes\": "
           "%.0f, \"peak\": "
           "%.0f}\n",
           seconds, cpu, t.n_rows, auroc, t.bytes, bench_peak_bytes());
    fdml_arena_close(&t.arena);
    return 0;
}
