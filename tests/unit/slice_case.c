/* slice_case.c - see slice_case.h.
 * SPDX-License-Identifier: MIT */
#include "slice_case.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

static const char *const level_name[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };
static const char *const column_name[] = { "a", "b", "c", "d", "e", "f" };

void slice_case_make(slice_case *c, const uint32_t *size, size_t n_classes, size_t n_columns,
                     uint64_t seed)
{
    *c = (slice_case){ .n_classes = n_classes, .n_columns = n_columns };
    fdml_arena_init(&c->arena, 0);
    fdml_rng_init(&c->rng, seed, 97, 0);
    c->machine = (fdml_machine){ .kernels = fdml_kernels_best(), .n_threads = 1 };
    c->settings = (fdml_audit_settings){ .confidence = 0.95,
                                         .n_permutations = 199,
                                         .seed = seed,
                                         .slices = { .depth = 2, .min_rows = 20 } };
    for (size_t k = 0; k < n_classes; k++) c->n += size[k];
    uint32_t *block = fdml_arena_push(&c->arena, n_classes + 1, sizeof *block);
    uint32_t *stratum = fdml_arena_push(&c->arena, n_classes + 1, sizeof *stratum);
    c->class_of = fdml_arena_push(&c->arena, c->n, sizeof(uint32_t));
    c->loss = fdml_arena_push_zero(&c->arena, c->n, sizeof(float));
    for (size_t j = 0; j < n_columns; j++)
        c->code[j] = fdml_arena_push_zero(&c->arena, c->n, sizeof(uint32_t));
    size_t n = 0;
    for (size_t k = 0; k < n_classes; k++) {
        block[k] = (uint32_t)n;
        if (!k || size[k] != size[k - 1]) stratum[c->data.n_strata++] = (uint32_t)k;
        for (uint32_t i = 0; i < size[k]; i++) c->class_of[n++] = (uint32_t)k;
    }
    block[n_classes] = (uint32_t)n;
    stratum[c->data.n_strata] = (uint32_t)n_classes;
    c->data.block = block;
    c->data.stratum = stratum;
    c->data.n_blocks = n_classes;
}

void slice_case_even(slice_case *c, size_t n_classes, uint32_t size, size_t n_columns,
                     uint64_t seed)
{
    static uint32_t sizes[4096];
    for (size_t k = 0; k < n_classes; k++) sizes[k] = size;
    slice_case_make(c, sizes, n_classes, n_columns, seed);
}

void slice_case_close(slice_case *c)
{
    fdml_arena_close(&c->arena);
}

void slice_case_class_column(slice_case *c, size_t column, uint32_t n_levels)
{
    c->n_levels[column] = n_levels;
    for (size_t i = 0; i < c->n; i++)
        c->code[column][i] = i && c->class_of[i] == c->class_of[i - 1]
                                 ? c->code[column][i - 1]
                                 : fdml_rng_below(&c->rng, n_levels);
}

void slice_case_query_column(slice_case *c, size_t column, uint32_t n_levels)
{
    c->n_levels[column] = n_levels;
    for (size_t i = 0; i < c->n; i++) c->code[column][i] = fdml_rng_below(&c->rng, n_levels);
}

void slice_case_failures(slice_case *c, double p, double spread)
{
    double own = p;
    for (size_t i = 0; i < c->n; i++) {
        if (!i || c->class_of[i] != c->class_of[i - 1])
            own = p + spread * fdml_rng_normal(&c->rng);
        c->loss[i] = fdml_rng_double(&c->rng) < own;
    }
}

void slice_case_finish(slice_case *c)
{
    slice_data *data = &c->data;
    slice_column *column = fdml_arena_push(&c->arena, c->n_columns, sizeof *column);
    uint32_t *first = fdml_arena_push_zero(&c->arena, c->n_columns + 1, sizeof *first);
    uint16_t *cell = fdml_arena_push(&c->arena, c->n * c->n_columns, sizeof *cell);
    for (size_t j = 0; j < c->n_columns; j++) {
        column[j] = (slice_column){ column_name[j], level_name, c->n_levels[j] };
        first[j + 1] = first[j] + c->n_levels[j];
        for (size_t i = 0; i < c->n; i++)
            cell[i * c->n_columns + j] = (uint16_t)(first[j] + c->code[j][i]);
    }
    double square = 0, cube = 0;
    for (size_t i = 0; i < c->n; i++) data->mean += (double)c->loss[i] / (double)c->n;
    for (size_t i = 0; i < c->n; i++) {
        const double d = (double)c->loss[i] - data->mean;
        square += d * d / (double)c->n;
        cube += d * d * d / (double)c->n;
    }
    data->n = c->n;
    data->n_columns = data->n_crossed = c->n_columns;
    data->column = column;
    data->first = first;
    data->cell = cell;
    data->loss = c->loss;
    data->class_of = c->class_of;
    data->deviation = sqrt(square);
    data->skewness = cube / (square * sqrt(square));
}

void slice_case_search(slice_search *search, slice_case *c)
{
    fdml_error err = { 0 };
    const fdml_status status =
        fdml_slice_search(search, &c->data, &c->settings, 7, &c->machine, &c->arena, &err);
    cr_assert(status == FDML_OK, "%s", err.text);
}

const char *slice_case_name(const slice_search *search, uint32_t slice)
{
    static char text[128];
    uint32_t cells[FDML_SLICE_MOST_DEPTH];
    const slice_data *data = search->lattice.data;
    const size_t n = fdml_slice_cells(cells, &search->lattice, slice);
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        size_t c = 0;
        while (data->first[c + 1] <= cells[i]) c++;
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s=%s", i ? " " : "",
                                 data->column[c].name,
                                 data->column[c].level[cells[i] - data->first[c]]);
    }
    return text;
}

uint32_t slice_case_find(const slice_search *search, size_t a, uint32_t level_a, size_t b,
                         uint32_t level_b)
{
    const uint32_t *first = search->lattice.data->first;
    const bool is_pair = b < CASE_COLUMNS;
    const uint32_t cells[] = { first[a] + level_a, is_pair ? first[b] + level_b : 0 };
    return fdml_slice_find(&search->lattice, cells, is_pair ? 2 : 1);
}
