/* pnm.c - see pnm.h. stb_image reads P5 and P6 too, but neither scales by maxval nor swaps the
 * bytes of sixteen-bit values.
 * SPDX-License-Identifier: MIT */
#include "data/pnm.h"

#include <math.h>
#include <string.h>

static bool is_space(unsigned char c)
{
    return c == ' ' || (c >= 9 && c <= 13);
}

/* Past white space and comments, which run from '#' to the end of the line. */
static size_t skip_space(const fdml_pnm *pnm, size_t at)
{
    bool is_comment = false;
    for (; at < pnm->size; at++) {
        const unsigned char c = pnm->bytes[at];
        if (c == '#')
            is_comment = true;
        else if (is_comment)
            is_comment = c != '\n' && c != '\r';
        else if (!is_space(c))
            break;
    }
    return at;
}

/* A decimal number of at most ten digits; false if there is none. */
static bool read_number(size_t *value, const fdml_pnm *pnm, size_t *at)
{
    size_t i = skip_space(pnm, *at), n = 0, v = 0;
    for (; i < pnm->size && pnm->bytes[i] >= '0' && pnm->bytes[i] <= '9' && n < 11; i++, n++)
        v = v * 10 + (size_t)(pnm->bytes[i] - '0');
    if (!n || n > 10) return false;
    *at = i;
    *value = v;
    return true;
}

static fdml_status check_length(const fdml_pnm *pnm, fdml_error *err)
{
    /* A file's size bounds both sides first, so that the product cannot overflow. */
    const size_t left = pnm->size - pnm->data, w = pnm->width, h = pnm->height;
    const size_t most = left > SIZE_MAX / 8 ? SIZE_MAX : left * 8; /* a bitmap's pixels */
    size_t need = SIZE_MAX;
    if (h <= most && w <= most / h) {
        const size_t item = pnm->is_text ? 1 : pnm->max_value > 255 ? 2 : 1;
        need = pnm->is_bitmap && !pnm->is_text ? (w + 7) / 8 * h : w * h * pnm->n_bands * item;
    }
    if (need <= left) return FDML_OK;
    return fdml_fail(err, FDML_E_FORMAT,
                     "%s: truncated PNM: %zu x %zu pixels, but only %zu bytes after the header",
                     pnm->name, w, h, left);
}

fdml_status fdml_pnm_open(fdml_pnm *pnm, const unsigned char *bytes, size_t size,
                          const char *name, fdml_error *err)
{
    const unsigned char digit = bytes[1];
    size_t at = 2, max_value = 1;
    fdml_pnm p = { .name = name, .bytes = bytes, .size = size };
    p.is_text = digit <= '3';
    p.is_bitmap = digit == '1' || digit == '4';
    p.n_bands = digit == '3' || digit == '6' ? 3 : 1;
    if (!read_number(&p.width, &p, &at) || !read_number(&p.height, &p, &at) ||
        (!p.is_bitmap && !read_number(&max_value, &p, &at)))
        return fdml_fail(err, FDML_E_FORMAT, "%s: damaged PNM: no number at byte %zu", name,
                         at);
    if (!p.width || !p.height || !max_value || max_value > 65535)
        return fdml_fail(err, FDML_E_FORMAT,
                         "%s: damaged PNM: %zu x %zu pixels of values up to %zu, expected at "
                         "least 1 x 1 and at most 65535",
                         name, p.width, p.height, max_value);
    if (at >= size || !is_space(bytes[at]))
        return fdml_fail(err, FDML_E_FORMAT,
                         "%s: damaged PNM: no white space after the header, at byte %zu", name,
                         at);
    p.max_value = (unsigned)max_value;
    p.data = at + 1;
    FDML_TRY(check_length(&p, err));
    *pnm = p;
    return FDML_OK;
}

static unsigned char scaled(size_t value, unsigned max_value)
{
    const double x = rint((double)value / max_value * 255);
    return x > 255 ? 255 : (unsigned char)x;
}

/* In text a bitmap's digits need no space between them. */
static bool read_text(size_t *value, const fdml_pnm *pnm, size_t *at)
{
    if (!pnm->is_bitmap) return read_number(value, pnm, at) && *value <= pnm->max_value;
    const size_t i = skip_space(pnm, *at);
    if (i >= pnm->size || (pnm->bytes[i] != '0' && pnm->bytes[i] != '1')) return false;
    *value = pnm->bytes[i] == '0'; /* 1 is black */
    *at = i + 1;
    return true;
}

static fdml_status read_text_values(unsigned char *rgb, const fdml_pnm *pnm, fdml_error *err)
{
    const size_t n = pnm->width * pnm->height * pnm->n_bands, repeat = 4 - pnm->n_bands;
    size_t at = pnm->data, value = 0;
    for (size_t i = 0; i < n; i++) {
        if (!read_text(&value, pnm, &at))
            return fdml_fail(err, FDML_E_FORMAT,
                             "%s: damaged PNM: value %zu of %zu is no number up to %u, at byte "
                             "%zu",
                             pnm->name, i + 1, n, pnm->max_value, at);
        for (size_t r = 0; r == 0 || (repeat == 3 && r < 3); r++)
            *rgb++ = scaled(value, pnm->max_value);
    }
    return FDML_OK;
}

static size_t value_at(const fdml_pnm *pnm, size_t row, size_t i)
{
    const unsigned char *data = pnm->bytes + pnm->data;
    if (pnm->is_bitmap) /* rows of whole bytes, the leftmost pixel in the top bit */
        return !(data[row * ((pnm->width + 7) / 8) + i / 8] >> (7 - i % 8) & 1);
    const size_t at = row * pnm->width * pnm->n_bands + i;
    return pnm->max_value > 255 ? (size_t)data[2 * at] << 8 | data[2 * at + 1] : data[at];
}

fdml_status fdml_pnm_read(unsigned char *rgb, const fdml_pnm *pnm, fdml_error *err)
{
    if (pnm->is_text) return read_text_values(rgb, pnm, err);
    const size_t n_bands = pnm->n_bands;
    for (size_t row = 0; row < pnm->height; row++)
        for (size_t i = 0; i < pnm->width; i++, rgb += 3)
            for (size_t band = 0; band < 3; band++) {
                const size_t item = n_bands == 3 ? 3 * i + band : i;
                const size_t value = value_at(pnm, row, item);
                rgb[band] = pnm->max_value == 255 ? (unsigned char)value
                                                  : scaled(value, pnm->max_value);
            }
    return FDML_OK;
}
