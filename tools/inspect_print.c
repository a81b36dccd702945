/* inspect_print.c - what was found, for a person or as JSON.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/report_grid.h"
#include "inspect.h"

enum { SHOWN_TEXT = 5, SHOWN_JSON = 20 };

static void print_rows(const char *what, size_t n, size_t n_rows, size_t first)
{
    if (n) printf("  %-12s %zu of %zu rows, first row %zu\n", what, n, n_rows, first);
}

void inspect_print_matrix(const fdml_matrix *m, const inspect_rows *f)
{
    printf("  %-12s %zu x %zu, %s, %s\n", "embeddings", m->n_rows, m->dim, m->dtype,
           m->is_mapped ? "mapped as it is" : "converted to f4 when read");
    printf("  %-12s min %.6g, median %.6g, max %.6g; %zu of %zu rows are of unit length\n",
           "row length", f->norm_min, f->norm_median, f->norm_max, f->n_unit, m->n_rows);
    printf("  %-12s min %.6g, mean %.6g, max %.6g\n", "values", f->value_min, f->value_mean,
           f->value_max);
    print_rows("NaN or inf", f->n_not_finite, m->n_rows, f->first_not_finite);
    print_rows("all zero", f->n_zero, m->n_rows, f->first_zero);
    if (f->n_duplicates)
        printf("  %-12s %zu of %zu rows equal an earlier one, first row %zu (equals row %zu)\n",
               "duplicates", f->n_duplicates, m->n_rows, f->first_duplicate, f->duplicate_of);
    if (!f->n_not_finite && !f->n_zero && !f->n_duplicates)
        printf("  %-12s no NaN or infinity, no zero row, no duplicate\n", "rows");
}

/* A label from a file must not steer the terminal. */
static void print_clean(const char *text)
{
    for (; *text; text++) putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

static void print_padded(const char *text, size_t width)
{
    print_clean(text);
    for (size_t w = fdml_text_width(text); w < width; w++) putchar(' ');
}

/* As many of the most frequent values as fit the line, at least one. */
void inspect_print_column(const char *name, const inspect_column *f)
{
    enum { WIDTH = 100 };
    const bool is_key = f->n_distinct > 1 && f->n_distinct == f->factor.n_rows;
    size_t at = 2 + 16 + 16;
    fputs("  ", stdout);
    print_padded(name, 16);
    printf(" %6zu distinct", f->n_distinct);
    if (f->n_empty) at += (size_t)printf(", %zu EMPTY", f->n_empty);
    for (size_t i = 0; i < f->n_distinct; i++) {
        const char *value = f->factor.level[f->order[i]];
        char count[32] = "";
        if (!is_key) snprintf(count, sizeof count, " (%zu)", f->count[f->order[i]]);
        at += 2 + fdml_text_width(value) + strlen(count);
        const size_t dots = i + 1 < f->n_distinct ? 5 : 0;
        if (i && (i == SHOWN_TEXT || at + dots > WIDTH)) {
            fputs(", ...", stdout);
            break;
        }
        fputs(i ? ", " : ": ", stdout);
        print_clean(value);
        fputs(count, stdout);
    }
    putchar('\n');
}

static void put_spread(fdml_json_writer *w, const char *key, const char *middle, double low,
                       double centre, double high)
{
    fdml_json_key(w, key);
    fdml_json_begin_object(w);
    fdml_json_put_number(w, "min", low);
    fdml_json_put_number(w, middle, centre);
    fdml_json_put_number(w, "max", high);
    fdml_json_end_object(w);
}

void inspect_json_matrix(fdml_json_writer *w, const fdml_matrix *m, const inspect_rows *f)
{
    fdml_json_put_count(w, "rows", m->n_rows);
    fdml_json_put_count(w, "dim", m->dim);
    fdml_json_key(w, "dtype");
    fdml_json_string(w, m->dtype);
    fdml_json_key(w, "mapped");
    fdml_json_bool(w, m->is_mapped);
    put_spread(w, "row_length", "median", f->norm_min, f->norm_median, f->norm_max);
    put_spread(w, "values", "mean", f->value_min, f->value_mean, f->value_max);
    fdml_json_put_count(w, "unit_rows", f->n_unit);
    fdml_json_put_count(w, "not_finite_rows", f->n_not_finite);
    fdml_json_put_count(w, "zero_rows", f->n_zero);
    fdml_json_put_count(w, "duplicate_rows", f->n_duplicates);
}

void inspect_json_column(fdml_json_writer *w, const char *name, const inspect_column *f)
{
    fdml_json_begin_object(w);
    fdml_json_key(w, "name");
    fdml_json_string(w, name);
    fdml_json_put_count(w, "distinct", f->n_distinct);
    fdml_json_put_count(w, "empty", f->n_empty);
    fdml_json_key(w, "most_frequent");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < f->n_distinct && i < SHOWN_JSON; i++) {
        fdml_json_begin_object(w);
        fdml_json_key(w, "value");
        fdml_json_string(w, f->factor.level[f->order[i]]);
        fdml_json_put_count(w, "count", f->count[f->order[i]]);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
    fdml_json_end_object(w);
}
