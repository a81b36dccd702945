/* csv_matrix.c - a text file of numbers as a matrix. See fdml_csv_read in csv.h.
 *
 * Two passes over the mapped text: the first counts rows and compares their lengths, so that
 * the values can be reserved at once, the second parses. Parsing dominates.
 * SPDX-License-Identifier: MIT */
#include "data/csv.h"

#include <string.h>

#include "base/number.h"

enum { MIN_NUMBERED_HEADER = 8, SHOWN = 40 /* characters of a bad field in a message */ };

typedef struct shape {
    const char *body; /* first row of numbers */
    size_t body_line;
    size_t n_rows, dim;
} shape;

/* Looks at the first row: how many fields, is one no number, are they 0,1,2,...? */
static fdml_status scan_first(fdml_csv *csv, size_t *n_fields, bool *is_header, fdml_error *err)
{
    bool is_counting = true, is_numeric = true, has_unnamed = false;
    size_t n = 0;
    fdml_csv_field field = { 0 };
    const size_t line = csv->line;
    for (; !field.ends_row; n++) {
        float value;
        int64_t integer;
        FDML_TRY(fdml_csv_next(csv, &field, err));
        is_counting &=
            fdml_number_integer(&integer, field.text, field.length) && integer == (int64_t)n;
        is_numeric &= fdml_number_float(&value, field.text, field.length);
        has_unnamed |= n == 0 && !field.length;
        if (n == 0 && fdml_csv_is_blank(&field))
            return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: first line is empty", csv->name,
                             line);
    }
    if (has_unnamed && n > 1)
        return fdml_fail(err, FDML_E_FORMAT,
                         "%s:%zu: the first column has no name; if it is a pandas index, save "
                         "with index=False",
                         csv->name, line);
    *n_fields = n;
    *is_header = !is_numeric || (is_counting && n >= MIN_NUMBERED_HEADER);
    return FDML_OK;
}

static fdml_status count_rows(shape *s, fdml_csv *csv, fdml_error *err)
{
    while (csv->at < csv->end) {
        const size_t line = csv->line;
        fdml_csv_field field = { 0 };
        size_t n = 0;
        bool is_blank = false;
        for (; !field.ends_row; n++) {
            FDML_TRY(fdml_csv_next(csv, &field, err));
            is_blank = n == 0 && fdml_csv_is_blank(&field);
        }
        if (is_blank) continue; /* parse_rows refuses it unless nothing follows */
        if (n != s->dim)
            return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: %zu values, expected %zu", csv->name,
                             line, n, s->dim);
        s->n_rows++;
    }
    return FDML_OK;
}

static fdml_status find_shape(shape *s, const fdml_csv *start, fdml_error *err)
{
    fdml_csv csv = *start;
    bool is_header = false;
    *s = (shape){ start->at, start->line, 0, 0 };
    FDML_TRY(scan_first(&csv, &s->dim, &is_header, err));
    if (is_header) {
        s->body = csv.at;
        s->body_line = csv.line;
    } else {
        csv = *start;
    }
    return count_rows(s, &csv, err);
}

static fdml_status fail_value(const fdml_csv *csv, size_t line, size_t column,
                              const fdml_csv_field *field, fdml_error *err)
{
    if (!field->length)
        return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: column %zu is empty, expected a number",
                         csv->name, line, column + 1);
    return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: column %zu is '%.*s'%s, expected a number",
                     csv->name, line, column + 1,
                     field->length > SHOWN ? SHOWN : (int)field->length, field->text,
                     field->length > SHOWN ? "..." : "");
}

static fdml_status parse_rows(float *values, const shape *s, fdml_csv *csv, fdml_error *err)
{
    for (size_t row = 0; row < s->n_rows; row++) {
        for (size_t column = 0; column < s->dim; column++) {
            const size_t line = csv->line;
            fdml_csv_field field;
            FDML_TRY(fdml_csv_next(csv, &field, err));
            if (column == 0 && fdml_csv_is_blank(&field))
                return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: empty line", csv->name, line);
            if (!fdml_number_float(values++, field.text, field.length))
                return fail_value(csv, line, column, &field, err);
        }
    }
    return FDML_OK;
}

fdml_status fdml_csv_read(fdml_matrix *matrix, const fdml_source *source, fdml_arena *arena,
                          fdml_error *err)
{
    const char *at, *end;
    FDML_TRY(fdml_text_check(&at, &end, source, err));
    fdml_csv csv;
    fdml_csv_init(&csv, source->name, at, end, true);
    shape s;
    FDML_TRY(find_shape(&s, &csv, err));
    fdml_matrix read = { .dtype = "text" };
    float *values = NULL;
    FDML_TRY(fdml_matrix_reserve(&read, &values, s.n_rows, s.dim, source->name, arena, err));
    if (arena) {
        csv.at = s.body;
        csv.line = s.body_line;
        FDML_TRY(parse_rows(values, &s, &csv, err));
        read.data = values;
    }
    *matrix = read;
    return FDML_OK;
}
