/* npy_label.c - labels out of an .npy of strings or integers. See npy.h.
 *
 * NumPy pads strings with NULs and stores U as four-byte code points; both end up as UTF-8.
 * Rows are counted from 0, as in Python.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "data/npy.h"

fdml_status fdml_npy_check_labels(const fdml_npy *npy, const char *name, fdml_error *err)
{
    if (npy->kind == 'f')
        return fdml_fail(err, FDML_E_UNSUPPORTED,
                         "%s: labels are floats (%s), expected strings or integers", name,
                         npy->descr);
    const bool is_list = npy->n_dims == 1 || (npy->n_dims == 2 && npy->shape[1] == 1);
    if (!is_list)
        return fdml_fail(err, FDML_E_FORMAT, "%s: %d-D array, expected one label per row", name,
                         npy->n_dims);
    if (!npy->shape[0]) return fdml_fail(err, FDML_E_DATA, "%s: has no labels", name);
    if (!npy->item_size)
        return fdml_fail(err, FDML_E_DATA, "%s: every label is empty (%s)", name, npy->descr);
    return FDML_OK;
}

size_t fdml_npy_label_room(const fdml_npy *npy)
{
    return npy->item_size < 24 ? 24 : npy->item_size; /* 20 digits and a sign; UTF-8 <= UCS-4 */
}

static uint64_t load(const unsigned char *at, size_t size, bool is_big_endian)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++) value = value << 8 | at[is_big_endian ? i : size - 1 - i];
    return value;
}

static size_t print_integer(char *text, uint64_t bits, size_t size, bool is_signed)
{
    char digits[24];
    const unsigned unused = (unsigned)(64 - 8 * size);
    /* Shifting left and back extends the sign; the right shift of a negative number is
     * arithmetic in every compiler fdml is built with. */
    const int64_t value = (int64_t)(bits << unused) >> unused;
    const int n = is_signed ? snprintf(digits, sizeof digits, "%" PRId64, value)
                            : snprintf(digits, sizeof digits, "%" PRIu64, bits);
    memcpy(text, digits, (size_t)n);
    return (size_t)n;
}

static fdml_status fail_row(fdml_error *err, const char *name, size_t row, const char *what)
{
    return fdml_fail(err, FDML_E_DATA, "%s: row %zu: %s", name, row, what);
}

static fdml_status decode_ucs4(char *text, size_t *length, const fdml_npy *npy,
                               const unsigned char *item, size_t row, const char *name,
                               fdml_error *err)
{
    size_t n_codes = npy->item_size / 4, n = 0;
    while (n_codes && !load(item + 4 * (n_codes - 1), 4, false)) n_codes--;
    for (size_t i = 0; i < n_codes; i++) {
        const uint32_t code = (uint32_t)load(item + 4 * i, 4, npy->is_big_endian);
        const size_t bytes = code ? fdml_utf8_put(text + n, code) : 0;
        if (!bytes) return fail_row(err, name, row, "label holds a code that is no character");
        n += bytes;
    }
    *length = n;
    return FDML_OK;
}

static fdml_status copy_bytes(char *text, size_t *length, const fdml_npy *npy,
                              const unsigned char *item, size_t row, const char *name,
                              fdml_error *err)
{
    size_t size = npy->item_size;
    while (size && !item[size - 1]) size--;
    for (size_t i = 0; i < size;) {
        const size_t n = item[i] ? fdml_utf8_length((const char *)item + i, size - i) : 0;
        if (!n) return fail_row(err, name, row, "label is not UTF-8 text");
        i += n;
    }
    memcpy(text, item, size);
    *length = size;
    return FDML_OK;
}

fdml_status fdml_npy_label(char *text, size_t *length, const fdml_npy *npy,
                           const unsigned char *items, size_t row, const char *name,
                           fdml_error *err)
{
    const unsigned char *item = items + row * npy->item_size;
    if (npy->kind == 'i' || npy->kind == 'u') {
        *length = print_integer(text, load(item, npy->item_size, npy->is_big_endian),
                                npy->item_size, npy->kind == 'i');
        return FDML_OK;
    }
    FDML_TRY(npy->kind == 'U' ? decode_ucs4(text, length, npy, item, row, name, err)
                              : copy_bytes(text, length, npy, item, row, name, err));
    return *length ? FDML_OK : fail_row(err, name, row, "label is empty");
}
