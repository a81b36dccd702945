/* csv.h - text files of fields: checks, the RFC 4180 tokenizer, matrices of numbers.
 *
 * Fields are separated by one delimiter, rows by LF or CRLF. A field in quotes may hold
 * delimiters, line breaks and doubled quotes; a quote inside an unquoted field is itself.
 * Lines are counted from 1, line breaks inside quotes included.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_CSV_H
#define FDML_DATA_CSV_H

#include "data/reader.h"

/* Narrows [*at, *end) past a UTF-8 byte order mark and refuses what is no text: UTF-16, NUL
 * bytes, invalid UTF-8 (with its line), nothing at all. */
fdml_status fdml_text_check(const char **at, const char **end, const fdml_source *source,
                            fdml_error *err);

typedef struct fdml_csv {
    const char *name;
    const char *at, *end;
    char delimiter;
    size_t line; /* of the next field */
} fdml_csv;

typedef struct fdml_csv_field {
    const char *text; /* between the quotes, if any; quotes inside still doubled */
    size_t length;
    bool is_quoted;
    bool has_doubled; /* fdml_csv_unquote would shorten it */
    bool ends_row;
} fdml_csv_field;

/* The delimiter follows from the suffix of the name (.tsv, .tab) or from the first line: a
 * comma, else a semicolon, else a tab; failing all, the comma. With `spaces`, numbers only,
 * a single space is the last choice, because numpy.savetxt writes it. */
void fdml_csv_init(fdml_csv *csv, const char *name, const char *at, const char *end,
                   bool spaces);

/* The next field; call while csv->at < csv->end or a row is unfinished. Errors name the line:
 * an unclosed quote (where it opened), text after a closing quote, a lone carriage return. */
fdml_status fdml_csv_next(fdml_csv *csv, fdml_csv_field *field, fdml_error *err);

/* Copies the text of a field, doubled quotes made single; returns the length. */
size_t fdml_csv_unquote(char *text, const fdml_csv_field *field);

/* Is this, as the first field of a row, an empty line? */
bool fdml_csv_is_blank(const fdml_csv_field *field);

/* Numbers, one row per line, with an optional line of column names. That line is recognised by
 * a field that is no number, or by being 0,1,...,dim-1 with dim >= 8 (what pandas calls columns
 * that have no name). */
fdml_matrix_reader fdml_csv_read;

#endif
