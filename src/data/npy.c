/* npy.c - the header of an .npy and its numbers. See npy.h.
 *
 * The header parser walks the text once with a cursor and fails at the first byte that is not
 * what NumPy could have written; no part of it is evaluated.
 * SPDX-License-Identifier: MIT */
#include "data/npy.h"

#include <stdio.h>
#include <string.h>

typedef struct cursor {
    const char *at, *end;
} cursor;

static void skip_blanks(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n')) c->at++;
}

static bool take(cursor *c, char expected)
{
    skip_blanks(c);
    if (c->at == c->end || *c->at != expected) return false;
    c->at++;
    return true;
}

static bool take_word(cursor *c, const char *word)
{
    skip_blanks(c);
    const size_t n = strlen(word);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n)) return false;
    c->at += n;
    return true;
}

/* A quoted string without escapes: no name NumPy writes here needs one. */
static bool take_string(cursor *c, const char **text, size_t *length)
{
    skip_blanks(c);
    if (c->at == c->end || (*c->at != '\'' && *c->at != '"')) return false;
    const char quote = *c->at++;
    *text = c->at;
    while (c->at < c->end && *c->at != quote && *c->at != '\\' && *c->at != '\n') c->at++;
    *length = (size_t)(c->at - *text);
    return take(c, quote);
}

static bool take_size(cursor *c, size_t *value, bool *overflows)
{
    skip_blanks(c);
    const char *start = c->at;
    size_t v = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
        const size_t digit = (size_t)(*c->at - '0');
        if (v > (SIZE_MAX - digit) / 10)
            *overflows = true;
        else
            v = v * 10 + digit;
    }
    if (c->at == start) return false;
    if (c->at < c->end && *c->at == 'L') c->at++; /* Python 2 wrote (3L, 4L) */
    *value = v;
    return true;
}

static fdml_status fail_header(fdml_error *err, const char *name, const char *what)
{
    return fdml_fail(err, FDML_E_FORMAT, "%s: invalid .npy header: %s", name, what);
}

static fdml_status parse_shape(fdml_npy *npy, cursor *c, const char *name, fdml_error *err)
{
    if (!take(c, '(')) return fail_header(err, name, "shape is no tuple");
    bool overflows = false;
    npy->n_dims = 0;
    while (!take(c, ')')) {
        if (npy->n_dims == FDML_NPY_MAX_DIMS)
            return fail_header(err, name, "more than 32 dimensions");
        if (!take_size(c, &npy->shape[npy->n_dims++], &overflows))
            return fail_header(err, name, "shape holds something else than sizes");
        if (take(c, ',')) continue;
        if (!take(c, ')')) return fail_header(err, name, "shape is not closed");
        if (npy->n_dims == 1) return fail_header(err, name, "shape is no tuple"); /* (5) */
        break;
    }
    return overflows ? fail_header(err, name, "a size does not fit 64 bits") : FDML_OK;
}

/* Why an array of this kind cannot be computed with, or NULL. */
static const char *refusal(char kind)
{
    switch (kind) {
    case 'O':
        return "holds Python objects; save it again as numbers or, for labels, with "
               ".astype(str)";
    case 'V':
        return "holds structures; save one field as a plain array";
    case 'b':
        return "holds booleans; save it again as numbers";
    case 'c':
        return "holds complex numbers";
    case 'M':
    case 'm':
        return "holds dates or times";
    default:
        return "is not supported";
    }
}

static bool is_known_type(const fdml_npy *npy)
{
    const size_t size = npy->item_size;
    switch (npy->kind) {
    case 'f':
        return size == 2 || size == 4 || size == 8;
    case 'i':
    case 'u':
        return size == 1 || size == 2 || size == 4 || size == 8;
    default:
        return npy->kind == 'U' || npy->kind == 'S';
    }
}

/* [<>=|]kind digits; U counts characters of four bytes. */
static fdml_status parse_descr(fdml_npy *npy, const char *text, size_t length, const char *name,
                               fdml_error *err)
{
    if (!length || length >= sizeof npy->descr)
        return fdml_fail(err, FDML_E_UNSUPPORTED, "%s: type '%.*s' is not supported", name,
                         length > 40 ? 40 : (int)length, text);
    memcpy(npy->descr, text, length);
    npy->descr[length] = 0;
    cursor c = { text, text + length };
    const char order = *text;
    if (order && strchr("<>=|", order)) c.at++;
    npy->is_big_endian = order == '>';
    npy->kind = (char)(c.at < c.end ? *c.at++ : 0);
    bool overflows = false;
    size_t count = 0;
    const bool has_size = take_size(&c, &count, &overflows);
    npy->item_size = count;
    if (has_size && npy->kind == 'U') {
        overflows |= count > SIZE_MAX / 4;
        npy->item_size = 4 * count;
    }
    if (npy->kind == 'O' || !has_size || overflows || c.at != c.end || !is_known_type(npy))
        return fdml_fail(err, FDML_E_UNSUPPORTED, "%s: type '%s' %s", name, npy->descr,
                         refusal(npy->kind));
    return FDML_OK;
}

static fdml_status parse_descr_value(fdml_npy *npy, cursor *c, const char *name,
                                     fdml_error *err)
{
    const char *text;
    size_t length;
    skip_blanks(c);
    if (c->at < c->end && *c->at == '[')
        return fdml_fail(err, FDML_E_UNSUPPORTED, "%s: %s", name, refusal('V'));
    if (!take_string(c, &text, &length)) return fail_header(err, name, "descr is no string");
    return parse_descr(npy, text, length, name, err);
}

enum { HAS_DESCR = 1, HAS_ORDER = 2, HAS_SHAPE = 4, HAS_ALL = 7 };

static fdml_status parse_entry(fdml_npy *npy, cursor *c, int *seen, const char *name,
                               fdml_error *err)
{
    const char *key;
    size_t length;
    if (!take_string(c, &key, &length)) return fail_header(err, name, "a key is no string");
    if (!take(c, ':')) return fail_header(err, name, "no ':' after a key");
    int which = 0;
    if (length == 5 && !memcmp(key, "descr", 5)) {
        which = HAS_DESCR;
        FDML_TRY(parse_descr_value(npy, c, name, err));
    } else if (length == 13 && !memcmp(key, "fortran_order", 13)) {
        which = HAS_ORDER;
        npy->is_fortran = take_word(c, "True");
        if (!npy->is_fortran && !take_word(c, "False"))
            return fail_header(err, name, "fortran_order is neither True nor False");
    } else if (length == 5 && !memcmp(key, "shape", 5)) {
        which = HAS_SHAPE;
        FDML_TRY(parse_shape(npy, c, name, err));
    } else {
        return fail_header(err, name, "unknown key");
    }
    if (*seen & which) return fail_header(err, name, "a key stands twice");
    *seen |= which;
    return FDML_OK;
}

static fdml_status parse_dictionary(fdml_npy *npy, cursor *c, const char *name, fdml_error *err)
{
    int seen = 0;
    if (!take(c, '{')) return fail_header(err, name, "no dictionary");
    while (!take(c, '}')) {
        FDML_TRY(parse_entry(npy, c, &seen, name, err));
        if (take(c, ',')) continue;
        if (!take(c, '}')) return fail_header(err, name, "the dictionary is not closed");
        break;
    }
    skip_blanks(c);
    if (c->at != c->end) return fail_header(err, name, "text after the dictionary");
    if (seen != HAS_ALL)
        return fail_header(err, name, "descr, fortran_order and shape are not all there");
    return FDML_OK;
}

fdml_status fdml_npy_header_size(size_t *header_size, const unsigned char *bytes, size_t size,
                                 const char *name, fdml_error *err)
{
    const size_t n_magic = 6;
    if (size >= 2 && !memcmp(bytes, "PK", 2))
        return fdml_fail(err, FDML_E_FORMAT, "%s: is a zip archive; name it .npz", name);
    if (size < n_magic || memcmp(bytes, "\x93NUMPY", n_magic))
        return fdml_fail(err, FDML_E_FORMAT,
                         "%s: no NumPy array: it does not start with "
                         "\\x93NUMPY",
                         name);
    const unsigned version = size > n_magic ? bytes[n_magic] : 1;
    if (version < 1 || version > 3)
        return fdml_fail(err, FDML_E_UNSUPPORTED, "%s: .npy version %u, known are 1 to 3", name,
                         version);
    const size_t prefix = version == 1 ? 10 : 12;
    if (size < prefix)
        return fdml_fail(err, FDML_E_FORMAT, "%s: %zu bytes, a header needs more than %zu",
                         name, size, prefix);
    size_t length = (size_t)bytes[8] | (size_t)bytes[9] << 8;
    if (version > 1) length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length > FDML_NPY_MAX_HEADER)
        return fdml_fail(err, FDML_E_FORMAT, "%s: header of %zu bytes, the limit is %d", name,
                         length, (int)FDML_NPY_MAX_HEADER);
    *header_size = prefix + length;
    return FDML_OK;
}

static const char *shape_text(char text[128], const fdml_npy *npy)
{
    size_t n = 0;
    text[n++] = '(';
    for (int d = 0; d < npy->n_dims && n < 100; d++) {
        const char *comma = d + 1 < npy->n_dims || npy->n_dims == 1 ? "," : "";
        n += (size_t)snprintf(text + n, 128 - n, "%zu%s", npy->shape[d], comma);
    }
    snprintf(text + n, 128 - n, n < 100 ? ")" : "...)");
    return text;
}

static fdml_status count_items(fdml_npy *npy, const char *name, fdml_error *err)
{
    char shape[128];
    size_t n = 1;
    for (int d = 0; d < npy->n_dims; d++) {
        if (npy->shape[d] && n > SIZE_MAX / npy->shape[d])
            n = SIZE_MAX;
        else
            n *= npy->shape[d];
    }
    if (n == SIZE_MAX || (npy->item_size && n > SIZE_MAX / npy->item_size))
        return fdml_fail(err, FDML_E_FORMAT, "%s: shape %s of %s is more than any memory", name,
                         shape_text(shape, npy), npy->descr);
    npy->n_items = n;
    npy->data_size = n * npy->item_size;
    return FDML_OK;
}

fdml_status fdml_npy_parse(fdml_npy *npy, const unsigned char *bytes, size_t size,
                           const char *name, fdml_error *err)
{
    fdml_npy parsed = { 0 };
    FDML_TRY(fdml_npy_header_size(&parsed.data_offset, bytes, size, name, err));
    if (parsed.data_offset > size)
        return fdml_fail(err, FDML_E_FORMAT, "%s: %zu bytes, the header alone has %zu", name,
                         size, parsed.data_offset);
    const char *text = (const char *)bytes;
    cursor c = { text + (bytes[6] == 1 ? 10 : 12), text + parsed.data_offset };
    FDML_TRY(parse_dictionary(&parsed, &c, name, err));
    FDML_TRY(count_items(&parsed, name, err));
    *npy = parsed;
    return FDML_OK;
}

fdml_status fdml_npy_check_size(const fdml_npy *npy, size_t size, const char *name,
                                fdml_error *err)
{
    char shape[128];
    const size_t found = size - npy->data_offset;
    if (found == npy->data_size) return FDML_OK;
    return fdml_fail(err, FDML_E_FORMAT,
                     "%s: %zu bytes of data, expected %zu for shape %s of %s", name, found,
                     npy->data_size, shape_text(shape, npy), npy->descr);
}

fdml_status fdml_npy_check_matrix(fdml_npy *npy, bool takes_list, const char *name,
                                  fdml_error *err)
{
    char shape[128];
    if (!strchr("fiu", npy->kind))
        return fdml_fail(err, FDML_E_UNSUPPORTED, "%s: holds text (%s), expected numbers", name,
                         npy->descr);
    if (takes_list && npy->n_dims == 1)
        npy->shape[1] = 1;
    else if (npy->n_dims != 2)
        return fdml_fail(err, FDML_E_FORMAT, "%s: %d-D array %s, expected rows x dim", name,
                         npy->n_dims, shape_text(shape, npy));
    return FDML_OK;
}

fdml_dtype fdml_npy_dtype(const fdml_npy *npy)
{
    const int log_size = npy->item_size == 8 ? 3 : (int)npy->item_size / 2;
    switch (npy->kind) {
    case 'f':
        return (fdml_dtype)(FDML_DTYPE_F2 + log_size - 1);
    case 'i':
        return (fdml_dtype)(FDML_DTYPE_I1 + log_size);
    default:
        return (fdml_dtype)(FDML_DTYPE_U1 + log_size);
    }
}

void fdml_npy_place(float *values, const fdml_npy *npy, size_t first,
                    const unsigned char *items, size_t n)
{
    const fdml_dtype dtype = fdml_npy_dtype(npy);
    if (!npy->is_fortran) {
        fdml_dtype_to_float(values + first, items, n, dtype, npy->is_big_endian);
        return;
    }
    const size_t n_rows = npy->shape[0], dim = npy->shape[1];
    size_t row = first % n_rows, column = first / n_rows;
    float block[64];
    while (n) {
        size_t m = n < 64 ? n : 64;
        if (m > n_rows - row) m = n_rows - row;
        fdml_dtype_to_float(block, items, m, dtype, npy->is_big_endian);
        for (size_t i = 0; i < m; i++) values[(row + i) * dim + column] = block[i];
        items += m * npy->item_size;
        n -= m;
        row += m;
        if (row == n_rows) row = 0, column++;
    }
}

/* Columns are read 32 rows at a time: the rows being written then stay in the cache, where
 * whole columns would touch one line of every row of the matrix, dim times over. */
static void place_fortran(float *values, const fdml_npy *npy, const unsigned char *items)
{
    const size_t n_rows = npy->shape[0], dim = npy->shape[1], tile = 32;
    for (size_t row = 0; row < n_rows; row += tile) {
        const size_t m = n_rows - row < tile ? n_rows - row : tile;
        for (size_t column = 0; column < dim; column++) {
            const size_t first = column * n_rows + row;
            fdml_npy_place(values, npy, first, items + first * npy->item_size, m);
        }
    }
}

static fdml_status read_array(fdml_matrix *matrix, bool takes_list, const fdml_source *source,
                              fdml_arena *arena, fdml_error *err)
{
    fdml_npy npy;
    FDML_TRY(fdml_npy_parse(&npy, source->bytes, source->size, source->name, err));
    FDML_TRY(fdml_npy_check_matrix(&npy, takes_list, source->name, err));
    const unsigned char *items = source->bytes + npy.data_offset;
    fdml_matrix read = { 0 };
    memcpy(read.dtype, npy.descr, sizeof read.dtype);
    read.is_mapped = fdml_npy_dtype(&npy) == FDML_DTYPE_F4 && !npy.is_big_endian &&
                     !npy.is_fortran && (uintptr_t)items % sizeof(float) == 0;
    float *values = NULL;
    /* The size is checked before anything of that size is reserved, emptiness before both:
     * "no rows" is the better sentence for an empty array. */
    FDML_TRY(
        fdml_matrix_reserve(&read, NULL, npy.shape[0], npy.shape[1], source->name, NULL, err));
    FDML_TRY(fdml_npy_check_size(&npy, source->size, source->name, err));
    if (read.is_mapped) {
        read.own_size = 0;
        if (arena) read.data = (const float *)(const void *)items;
    } else if (arena) {
        FDML_TRY(fdml_matrix_reserve(&read, &values, npy.shape[0], npy.shape[1], source->name,
                                     arena, err));
        if (npy.is_fortran)
            place_fortran(values, &npy, items);
        else
            fdml_npy_place(values, &npy, 0, items, npy.n_items);
        read.data = values;
    }
    *matrix = read;
    return FDML_OK;
}

fdml_status fdml_npy_read(fdml_matrix *matrix, const fdml_source *source, fdml_arena *arena,
                          fdml_error *err)
{
    return read_array(matrix, false, source, arena, err);
}

fdml_status fdml_npy_read_list(fdml_matrix *matrix, const fdml_source *source,
                               fdml_arena *arena, fdml_error *err)
{
    return read_array(matrix, true, source, arena, err);
}
