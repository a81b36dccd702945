/* inspect_find.c - one look at every row of a matrix, and the counts of a column's values.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "inspect.h"

typedef struct keyed_row {
    uint64_t hash;
    size_t row;
} keyed_row;

static void *push(fdml_arena *arena, size_t count, size_t size)
{
    void *memory = fdml_arena_push_zero(arena, count, size);
    if (!memory) cli_die(CLI_EXIT_DATA, "out of memory");
    return memory;
}

static int by_hash_then_row(const void *a, const void *b)
{
    const keyed_row *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Rows that equal an earlier one, byte by byte; sorted by hash, equal rows are neighbours. */
static void find_duplicates(inspect_rows *found, const fdml_matrix *m, fdml_arena *arena)
{
    keyed_row *keys = push(arena, m->n_rows, sizeof *keys);
    const size_t row_size = m->dim * sizeof *m->data;
    fdml_hash_key key;
    fdml_hash_key_draw(&key);
    for (size_t i = 0; i < m->n_rows; i++)
        keys[i] = (keyed_row){ fdml_hash_bytes(&key, m->data + i * m->dim, row_size), i };
    qsort(keys, m->n_rows, sizeof *keys, by_hash_then_row);
    size_t first = 0; /* of the run of equal hashes */
    for (size_t i = 1; i < m->n_rows; i++) {
        if (keys[i].hash != keys[first].hash) first = i;
        if (first == i) continue;
        const float *a = m->data + keys[first].row * m->dim,
                    *b = m->data + keys[i].row * m->dim;
        if (memcmp(a, b, row_size) != 0) continue;
        if (!found->n_duplicates++ || keys[i].row < found->first_duplicate) {
            found->first_duplicate = keys[i].row;
            found->duplicate_of = keys[first].row;
        }
    }
}

void inspect_matrix(inspect_rows *found, const fdml_matrix *m, fdml_arena *arena)
{
    *found = (inspect_rows){ NAN, NAN, NAN, NAN, NAN, NAN, .n_unit = 0 };
    double *norm = push(arena, m->n_rows, sizeof *norm), total = 0;
    double low = INFINITY, high = -INFINITY;
    size_t n = 0;
    for (size_t i = 0; i < m->n_rows; i++) {
        const float *row = m->data + i * m->dim;
        double sum = 0, square = 0;
        float least = row[0], most = row[0];
        for (size_t d = 0; d < m->dim; d++) {
            sum += row[d];
            square += (double)row[d] * row[d];
            if (row[d] < least) least = row[d];
            if (row[d] > most) most = row[d];
        }
        if (!isfinite(square)) { /* squares of floats cannot overflow a double */
            if (!found->n_not_finite++) found->first_not_finite = i;
            continue;
        }
        if (square == 0 && !found->n_zero++) found->first_zero = i;
        norm[n] = sqrt(square);
        found->n_unit += fabs(norm[n++] - 1) < 1e-3;
        total += sum;
        if (least < low) low = least;
        if (most > high) high = most;
    }
    if (n) {
        qsort(norm, n, sizeof *norm, by_value);
        found->norm_min = norm[0];
        found->norm_median = (norm[(n - 1) / 2] + norm[n / 2]) / 2;
        found->norm_max = norm[n - 1];
        found->value_min = low;
        found->value_max = high;
        found->value_mean = total / ((double)n * (double)m->dim);
    }
    find_duplicates(found, m, arena);
}

typedef struct counted {
    size_t count;
    uint32_t level;
} counted;

static int by_falling_count(const void *a, const void *b)
{
    const counted *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return (x->level > y->level) - (x->level < y->level);
}

void inspect_factor(inspect_column *found, const fdml_factor *factor, fdml_arena *arena)
{
    const size_t n = factor->n_levels;
    size_t *count = push(arena, n, sizeof *count);
    counted *list = push(arena, n, sizeof *list);
    uint32_t *order = push(arena, n, sizeof *order);
    *found =
        (inspect_column){ .factor = *factor, .n_distinct = n, .order = order, .count = count };
    for (size_t i = 0; i < factor->n_rows; i++) count[factor->code[i]]++;
    for (size_t i = 0; i < n; i++) list[i] = (counted){ count[i], (uint32_t)i };
    qsort(list, n, sizeof *list, by_falling_count);
    for (size_t i = 0; i < n; i++) order[i] = list[i].level;
}

void inspect_table_column(inspect_column *found, const fdml_table *table, size_t column,
                          fdml_arena *arena)
{
    fdml_error err;
    fdml_factor factor;
    const char **text = push(arena, table->n_rows, sizeof *text);
    size_t n = 0;
    for (size_t i = 0; i < table->n_rows; i++) {
        const char *cell = fdml_table_cell(table, i, column);
        if (*cell) text[n++] = cell;
    }
    *found = (inspect_column){ .n_empty = table->n_rows - n };
    if (!n) return;
    CLI_TRY(fdml_factor_from_text(&factor, table->name[column], text, n, arena, &err), &err);
    inspect_factor(found, &factor, arena);
    found->n_empty = table->n_rows - n;
}
