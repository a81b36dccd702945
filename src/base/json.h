/* json.h - JSON out, and JSON in from files nobody vouches for. Only owner of cJSON.
 *
 * The writer is a stream onto a FILE: nothing is built in memory, so a report of any size
 * costs nothing. The reader holds size and depth to limits before cJSON sees a byte.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_JSON_H
#define FDML_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

/* Writing. Calls nest as the text does; wrong nesting is a bug and asserts. Write errors stay
 * in the FILE and are found by ferror, which fdml_output_commit looks at. */

#define FDML_JSON_DEPTH 32

typedef struct fdml_json_writer {
    FILE *file;
    int flat_depth; /* containers nested deeper than this stand on one line */
    int depth;
    bool has_item[FDML_JSON_DEPTH + 1];
    char closer[FDML_JSON_DEPTH + 1]; /* '}' or ']' of each open container */
    bool has_key;                     /* a key waits for its value */
} fdml_json_writer;

/* flat_depth 0: everything on one line; 1: one line per member of the root; and so on. */
void fdml_json_writer_init(fdml_json_writer *writer, FILE *file, int flat_depth);

void fdml_json_begin_object(fdml_json_writer *writer);
void fdml_json_end_object(fdml_json_writer *writer);
void fdml_json_begin_array(fdml_json_writer *writer);
void fdml_json_end_array(fdml_json_writer *writer);
void fdml_json_key(fdml_json_writer *writer, const char *key);

/* Valid UTF-8 is kept, every byte that is not becomes U+FFFD. NULL writes null. */
void fdml_json_string(fdml_json_writer *writer, const char *text);
void fdml_json_integer(fdml_json_writer *writer, int64_t value);
void fdml_json_number(fdml_json_writer *writer, double value); /* NaN, infinity: null */
void fdml_json_bool(fdml_json_writer *writer, bool value);
void fdml_json_null(fdml_json_writer *writer);

/* A member of an object: its key and its value, as above. */
void fdml_json_put_text(fdml_json_writer *writer, const char *key, const char *text);
void fdml_json_put_count(fdml_json_writer *writer, const char *key, size_t n);
void fdml_json_put_number(fdml_json_writer *writer, const char *key, double value);

/* Reading. A value is borrowed from its document. */

typedef struct fdml_json fdml_json;

typedef enum fdml_json_kind {
    FDML_JSON_NULL,
    FDML_JSON_BOOL,
    FDML_JSON_NUMBER,
    FDML_JSON_STRING,
    FDML_JSON_ARRAY,
    FDML_JSON_OBJECT
} fdml_json_kind;

/* One value and nothing but blanks around it. `name` starts the error sentences, which are
 * FDML_E_FORMAT and give the byte, or FDML_E_LIMIT for more than `max_size` bytes or
 * `max_depth` nested containers. A parsed document takes up to forty times its text. */
fdml_status fdml_json_parse(fdml_json **root, const char *text, size_t size, size_t max_size,
                            int max_depth, const char *name, fdml_error *err);
void fdml_json_close(fdml_json *root); /* NULL is allowed */

fdml_json_kind fdml_json_kind_of(const fdml_json *value);
size_t fdml_json_length(const fdml_json *value);          /* items of an array or object */
const fdml_json *fdml_json_first(const fdml_json *value); /* its first item; NULL: none */
const fdml_json *fdml_json_next(const fdml_json *value);  /* the item after this; NULL: none */
const char *fdml_json_name(const fdml_json *value);       /* key in its object, else NULL */
const fdml_json *fdml_json_find(const fdml_json *object, const char *key); /* NULL: none */

const char *fdml_json_text(const fdml_json *value); /* NULL if it is no string */
bool fdml_json_get_number(const fdml_json *value, double *number);
bool fdml_json_get_bool(const fdml_json *value, bool *truth);
/* Whole numbers of at most 2^53, which are exact however they were written. */
bool fdml_json_get_integer(const fdml_json *value, int64_t *integer);

#endif
