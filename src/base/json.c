/* json.c - a JSON writer, and cJSON behind limits. See json.h.
 * SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/number.h"
#include "base/utf8.h"

void fdml_json_writer_init(fdml_json_writer *writer, FILE *file, int flat_depth)
{
    memset(writer, 0, sizeof *writer);
    writer->file = file;
    writer->flat_depth = flat_depth;
}

static void new_line(const fdml_json_writer *writer)
{
    fprintf(writer->file, "\n%*s", 2 * writer->depth, "");
}

/* What stands between the item before and this one. */
static void separate(fdml_json_writer *writer)
{
    if (writer->has_key) {
        writer->has_key = false;
        return;
    }
    assert(writer->closer[writer->depth] != '}'); /* a member needs its key first */
    const bool has_item = writer->has_item[writer->depth];
    assert(writer->depth || !has_item); /* one root */
    if (has_item) fputc(',', writer->file);
    if (writer->depth && writer->depth <= writer->flat_depth)
        new_line(writer);
    else if (has_item)
        fputc(' ', writer->file);
    writer->has_item[writer->depth] = true;
}

static void begin(fdml_json_writer *writer, char opener, char closer)
{
    separate(writer);
    assert(writer->depth < FDML_JSON_DEPTH);
    fputc(opener, writer->file);
    writer->depth++;
    writer->closer[writer->depth] = closer;
    writer->has_item[writer->depth] = false;
}

static void end(fdml_json_writer *writer, char closer)
{
    assert(writer->depth > 0 && writer->closer[writer->depth] == closer && !writer->has_key);
    const bool breaks = writer->has_item[writer->depth] && writer->depth <= writer->flat_depth;
    writer->depth--;
    if (breaks) new_line(writer);
    fputc(closer, writer->file);
    if (!writer->depth && writer->flat_depth) fputc('\n', writer->file);
}

void fdml_json_begin_object(fdml_json_writer *writer)
{
    begin(writer, '{', '}');
}

void fdml_json_end_object(fdml_json_writer *writer)
{
    end(writer, '}');
}

void fdml_json_begin_array(fdml_json_writer *writer)
{
    begin(writer, '[', ']');
}

void fdml_json_end_array(fdml_json_writer *writer)
{
    end(writer, ']');
}

static void write_text(FILE *file, const char *text)
{
    const char *at = text, *end_of_text = text + strlen(text);
    fputc('"', file);
    while (at < end_of_text) {
        const size_t n = fdml_utf8_length(at, (size_t)(end_of_text - at));
        const unsigned char c = (unsigned char)*at;
        if (!n)
            fputs("\xEF\xBF\xBD", file); /* U+FFFD */
        else if (c == '"' || c == '\\')
            fprintf(file, "\\%c", c);
        else if (c == '\n')
            fputs("\\n", file);
        else if (c < 0x20 || c == 0x7f)
            fprintf(file, "\\u%04x", c);
        else
            fwrite(at, 1, n, file);
        at += n ? n : 1;
    }
    fputc('"', file);
}

void fdml_json_key(fdml_json_writer *writer, const char *key)
{
    assert(writer->depth && writer->closer[writer->depth] == '}' && !writer->has_key);
    writer->closer[writer->depth] = 0; /* separate() as for an item that needs no key */
    separate(writer);
    writer->closer[writer->depth] = '}';
    write_text(writer->file, key);
    fputs(": ", writer->file);
    writer->has_key = true;
}

void fdml_json_string(fdml_json_writer *writer, const char *text)
{
    if (!text) {
        fdml_json_null(writer);
        return;
    }
    separate(writer);
    write_text(writer->file, text);
}

void fdml_json_integer(fdml_json_writer *writer, int64_t value)
{
    separate(writer);
    fprintf(writer->file, "%" PRId64, value);
}

void fdml_json_number(fdml_json_writer *writer, double value)
{
    if (!isfinite(value)) {
        fdml_json_null(writer);
        return;
    }
    char text[FDML_NUMBER_TEXT];
    fdml_number_print(text, value);
    separate(writer);
    fputs(text, writer->file);
}

void fdml_json_bool(fdml_json_writer *writer, bool value)
{
    separate(writer);
    fputs(value ? "true" : "false", writer->file);
}

void fdml_json_null(fdml_json_writer *writer)
{
    separate(writer);
    fputs("null", writer->file);
}

void fdml_json_put_text(fdml_json_writer *writer, const char *key, const char *text)
{
    fdml_json_key(writer, key);
    fdml_json_string(writer, text);
}

void fdml_json_put_count(fdml_json_writer *writer, const char *key, size_t n)
{
    fdml_json_key(writer, key);
    fdml_json_integer(writer, (int64_t)n);
}

void fdml_json_put_number(fdml_json_writer *writer, const char *key, double value)
{
    fdml_json_key(writer, key);
    fdml_json_number(writer, value);
}

/* Deepest nesting of brackets outside strings. cJSON recurses as deep as the text says. */
static int nesting(const char *text, size_t size)
{
    int depth = 0, deepest = 0;
    bool in_string = false;
    for (size_t i = 0; i < size; i++) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '[' || c == '{') {
            if (++depth > deepest) deepest = depth;
        } else if (c == ']' || c == '}') {
            depth--;
        }
    }
    return deepest;
}

static const cJSON *inside(const fdml_json *value)
{
    return (const cJSON *)(const void *)value;
}

static const fdml_json *outside(const cJSON *item)
{
    return (const fdml_json *)(const void *)item;
}

/* cJSON up to 1.7.17 reads the byte after a text that ends in a comma (CVE-2023-53154), hence
 * the copy, which ends in a NUL. */
static fdml_status parse_copy(fdml_json **root, const char *text, size_t size, const char *name,
                              fdml_error *err)
{
    const char *stop = NULL;
    cJSON *parsed = size ? cJSON_ParseWithLengthOpts(text, size, &stop, 0) : NULL;
    if (!parsed)
        return fdml_fail(err, FDML_E_FORMAT, "%s: invalid JSON at byte %zu", name,
                         stop ? (size_t)(stop - text) : 0);
    while (stop < text + size && *stop && strchr(" \t\r\n", *stop)) stop++;
    if (stop < text + size) {
        cJSON_Delete(parsed);
        return fdml_fail(err, FDML_E_FORMAT, "%s: text after the JSON value at byte %zu", name,
                         (size_t)(stop - text));
    }
    *root = (fdml_json *)(void *)parsed;
    return FDML_OK;
}

fdml_status fdml_json_parse(fdml_json **root, const char *text, size_t size, size_t max_size,
                            int max_depth, const char *name, fdml_error *err)
{
    if (size > max_size)
        return fdml_fail(err, FDML_E_LIMIT, "%s: %zu bytes of JSON, the limit is %zu", name,
                         size, max_size);
    const int depth = nesting(text, size);
    if (depth > max_depth)
        return fdml_fail(err, FDML_E_LIMIT, "%s: JSON nested %d deep, the limit is %d", name,
                         depth, max_depth);
    fdml_arena local;
    fdml_arena_init(&local, 0);
    const char *copy = fdml_arena_copy_text(&local, text, size);
    const fdml_status status =
        copy ? parse_copy(root, copy, size, name, err)
             : fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu bytes of JSON", name, size);
    fdml_arena_close(&local);
    return status;
}

void fdml_json_close(fdml_json *root)
{
    cJSON_Delete((cJSON *)(void *)root);
}

fdml_json_kind fdml_json_kind_of(const fdml_json *value)
{
    switch (inside(value)->type & 0xff) {
    case cJSON_True:
    case cJSON_False:
        return FDML_JSON_BOOL;
    case cJSON_Number:
        return FDML_JSON_NUMBER;
    case cJSON_String:
        return FDML_JSON_STRING;
    case cJSON_Array:
        return FDML_JSON_ARRAY;
    case cJSON_Object:
        return FDML_JSON_OBJECT;
    default:
        return FDML_JSON_NULL;
    }
}

size_t fdml_json_length(const fdml_json *value)
{
    size_t n = 0;
    for (const fdml_json *item = fdml_json_first(value); item; item = fdml_json_next(item)) n++;
    return n;
}

const fdml_json *fdml_json_first(const fdml_json *value)
{
    return outside(inside(value)->child);
}

const fdml_json *fdml_json_next(const fdml_json *value)
{
    return outside(inside(value)->next);
}

const char *fdml_json_name(const fdml_json *value)
{
    return inside(value)->string;
}

const fdml_json *fdml_json_find(const fdml_json *object, const char *key)
{
    if (!object || fdml_json_kind_of(object) != FDML_JSON_OBJECT) return NULL;
    return outside(cJSON_GetObjectItemCaseSensitive(inside(object), key));
}

const char *fdml_json_text(const fdml_json *value)
{
    return cJSON_IsString(inside(value)) ? inside(value)->valuestring : NULL;
}

bool fdml_json_get_number(const fdml_json *value, double *number)
{
    if (!cJSON_IsNumber(inside(value))) return false;
    *number = inside(value)->valuedouble;
    return true;
}

bool fdml_json_get_bool(const fdml_json *value, bool *truth)
{
    if (!cJSON_IsBool(inside(value))) return false;
    *truth = cJSON_IsTrue(inside(value)) != 0;
    return true;
}

bool fdml_json_get_integer(const fdml_json *value, int64_t *integer)
{
    double number;
    if (!fdml_json_get_number(value, &number)) return false;
    if (!(fabs(number) <= 0x1p53) || number != floor(number)) return false;
    *integer = (int64_t)number;
    return true;
}
