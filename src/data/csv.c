/* csv.c - text checks and the tokenizer. See csv.h.
 * SPDX-License-Identifier: MIT */
#include "data/csv.h"

#include <string.h>

#include "base/file.h"
#include "base/utf8.h"
#include "data/foreign.h"

static size_t line_of(const char *start, const char *at)
{
    size_t line = 1;
    for (const char *c = start; c < at; c++) line += *c == '\n';
    return line;
}

/* Eight bytes at a time while they are plain ASCII without NUL: nearly all of every file. */
static const char *skip_ascii(const char *at, const char *end)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones << 7;
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        /* A zero byte borrows into its top bit; a byte above 0x7f has it set. */
        if ((word | (word - ones)) & tops) break;
        at += 8;
    }
    return at;
}

/* The byte at c is of no text; what else may the file be? */
static fdml_status fail_byte(const fdml_source *source, const char *start, const char *c,
                             fdml_error *err)
{
    const char *what = fdml_foreign("", source->bytes, source->size);
    if (what) return fdml_fail(err, FDML_E_FORMAT, "%s: is %s", source->name, what);
    return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: %s", source->name, line_of(start, c),
                     *c ? "text is not UTF-8" : "NUL byte, this is no text file");
}

fdml_status fdml_text_check(const char **at, const char **end, const fdml_source *source,
                            fdml_error *err)
{
    const char *start = (const char *)source->bytes, *stop = start + source->size;
    const char *name = source->name;
    if (source->size >= 2 && (!memcmp(start, "\xFF\xFE", 2) || !memcmp(start, "\xFE\xFF", 2)))
        return fdml_fail(err, FDML_E_FORMAT, "%s: is UTF-16, save it as UTF-8", name);
    if (source->size >= 3 && !memcmp(start, "\xEF\xBB\xBF", 3)) start += 3;
    if (start == stop) return fdml_fail(err, FDML_E_FORMAT, "%s: file is empty", name);
    for (const char *c = skip_ascii(start, stop); c < stop;) {
        const size_t n = *c ? fdml_utf8_length(c, (size_t)(stop - c)) : 0;
        if (!n) return fail_byte(source, start, c, err);
        c += n;
        if (n > 1 || stop - c >= 8) c = skip_ascii(c, stop);
    }
    *at = start;
    *end = stop;
    return FDML_OK;
}

static bool first_line_has(const fdml_csv *csv, char wanted)
{
    bool in_quotes = false;
    for (const char *c = csv->at; c < csv->end; c++) {
        if (*c == '"') in_quotes = !in_quotes;
        if (in_quotes) continue;
        if (*c == '\n') return false;
        if (*c == wanted) return true;
    }
    return false;
}

void fdml_csv_init(fdml_csv *csv, const char *name, const char *at, const char *end,
                   bool spaces)
{
    *csv = (fdml_csv){ .name = name, .at = at, .end = end, .delimiter = ',', .line = 1 };
    if (fdml_file_has_suffix(name, ".tsv") || fdml_file_has_suffix(name, ".tab")) {
        csv->delimiter = '\t';
        return;
    }
    const char *choices = spaces ? ",;\t " : ",;\t";
    for (; *choices; choices++) {
        if (!first_line_has(csv, *choices)) continue;
        csv->delimiter = *choices;
        return;
    }
}

/* Steps over what ends a field: a delimiter, a line break, the end of the file. */
static fdml_status finish_field(fdml_csv *csv, fdml_csv_field *field, fdml_error *err)
{
    field->ends_row = true;
    if (csv->at == csv->end) return FDML_OK;
    const char c = *csv->at++;
    if (c == csv->delimiter) {
        field->ends_row = false;
        return FDML_OK;
    }
    if (c == '\r' && (csv->at == csv->end || *csv->at != '\n'))
        return fdml_fail(err, FDML_E_FORMAT,
                         "%s:%zu: carriage return without line feed, expected LF or CRLF lines",
                         csv->name, csv->line);
    if (c == '\r') csv->at++;
    csv->line++;
    return FDML_OK;
}

static fdml_status next_quoted(fdml_csv *csv, fdml_csv_field *field, fdml_error *err)
{
    const size_t opened = csv->line;
    const char *c = ++csv->at;
    for (;;) {
        c = memchr(c, '"', (size_t)(csv->end - c));
        if (!c)
            return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: quote is never closed", csv->name,
                             opened);
        if (c + 1 == csv->end || c[1] != '"') break;
        field->has_doubled = true;
        c += 2;
    }
    field->text = csv->at;
    field->length = (size_t)(c - csv->at);
    field->is_quoted = true;
    csv->line += line_of(csv->at, c) - 1;
    csv->at = c + 1;
    if (csv->at < csv->end && *csv->at != csv->delimiter && *csv->at != '\n' &&
        *csv->at != '\r')
        return fdml_fail(err, FDML_E_FORMAT, "%s:%zu: text after a closing quote", csv->name,
                         csv->line);
    return finish_field(csv, field, err);
}

fdml_status fdml_csv_next(fdml_csv *csv, fdml_csv_field *field, fdml_error *err)
{
    *field = (fdml_csv_field){ 0 };
    if (csv->at < csv->end && *csv->at == '"') return next_quoted(csv, field, err);
    const char *c = csv->at, *end = csv->end;
    const char delimiter = csv->delimiter;
    while (c < end && *c != delimiter && *c != '\n' && *c != '\r') c++;
    field->text = csv->at;
    field->length = (size_t)(c - csv->at);
    csv->at = c;
    return finish_field(csv, field, err);
}

size_t fdml_csv_unquote(char *text, const fdml_csv_field *field)
{
    if (!field->has_doubled) {
        memcpy(text, field->text, field->length);
        return field->length;
    }
    size_t n = 0;
    for (size_t i = 0; i < field->length; i++) {
        text[n++] = field->text[i];
        if (field->text[i] == '"') i++; /* the second of a pair */
    }
    return n;
}

bool fdml_csv_is_blank(const fdml_csv_field *field)
{
    return field->ends_row && !field->length && !field->is_quoted;
}
