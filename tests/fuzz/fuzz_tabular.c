/* fuzz_tabular.c - a table whose last columns are group, part and target, encoded.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "data/table_build.h"
#include "explain/encode.h"
#include "explain/tabular_split.h"
#include "target.h"

static void check_tabular(const fdml_tabular *t)
{
    target_require(t->n_features && t->protected_[0].n_levels >= 2);
    for (size_t i = 0; i < t->n_rows; i++) {
        target_require(t->target[i] <= 1 && t->part[i] <= FDML_PART_NONE);
        for (size_t f = 0; f < t->n_features; f++) {
            const fdml_feature *feature = &t->feature[f];
            const float x = t->x[i * t->n_features + f];
            target_require(feature->kind == FDML_NUMERIC
                               ? !isinf(x)
                               : x >= 0 && x < (float)feature->n_levels);
        }
    }
}

static void encode(const fdml_tabular *t, fdml_arena *arena)
{
    const uint32_t *row;
    size_t n;
    fdml_encoder e;
    fdml_error err;
    if (fdml_tabular_part_rows(&row, &n, t, FDML_PART_TRAIN, arena, NULL)) return;
    fdml_status status = fdml_encoder_fit(&e, t, row, n, arena, &err);
    if (status) {
        target_check_error(status, &err);
        return;
    }
    if (t->n_rows > TARGET_MEMORY / sizeof(float) / (e.dim + 1)) return;
    float *z = fdml_arena_push(arena, t->n_rows * e.dim, sizeof *z);
    if (z) fdml_encoder_rows(z, &e, t->x, t->n_rows);
    status = fdml_tabular_split_check(t, arena, &err);
    if (status) target_check_error(status, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const fdml_source source = { "x.csv", NULL, data, size };
    const char *missing = "?";
    fdml_arena arena;
    fdml_table table;
    fdml_tabular t;
    fdml_tabular_notes notes;
    fdml_error err;
    fdml_arena_init(&arena, TARGET_MEMORY);
    if (!fdml_table_read(&table, &source, &arena, NULL) && table.n_columns >= 3) {
        const char *const *last = table.name + table.n_columns;
        const fdml_tabular_options options = { .target = last[-1],
                                               .split_column = last[-2],
                                               .protected_ = { last - 3, 1 },
                                               .missing = { &missing, 1 } };
        const fdml_status status =
            fdml_tabular_read(&t, &notes, &table, &options, &arena, &err);
        if (status) {
            target_check_error(status, &err);
        } else {
            for (size_t i = 0; i < notes.n_warnings; i++)
                target_require(notes.warning[i][0] && !strchr(notes.warning[i], '\n'));
            check_tabular(&t);
            encode(&t, &arena);
        }
    }
    fdml_arena_close(&arena);
    return 0;
}
