/* jpeg_planes.c - see jpeg_planes.h. Row by row: each plane's samples are widened into a buffer
 * that stays in cache, and the buffers become a row of RGB.
 * SPDX-License-Identifier: MIT */
#include "data/jpeg_planes.h"

#include <string.h>

typedef struct rows {
    const fdml_kernels *kernels;
    unsigned char *buffer[4]; /* [across * width] of its plane */
    uint32_t *sums;           /* [width + 32] of the widest plane */
} rows;

static bool make_rows(rows *r, const fdml_jpeg_planes *planes, fdml_arena *work)
{
    size_t widest = 0;
    for (int i = 0; i < 4; i++) {
        const fdml_jpeg_plane *p = &planes->plane[i];
        r->buffer[i] = fdml_arena_push(work, p->width, p->across);
        if (!r->buffer[i]) return false;
        if (p->width > widest) widest = p->width;
    }
    r->sums = fdml_arena_push(work, widest + 32, sizeof *r->sums);
    return r->sums != NULL;
}

static void repeat(unsigned char *out, const unsigned char *row, size_t n, size_t times)
{
    for (size_t i = 0; i < n; i++, out += times) memset(out, row[i], times);
}

/* Row `y` of the picture in one plane. As in libjpeg, samples that cover one or two pixels are
 * interpolated, if there are more than two of them beside each other; others are repeated. */
static const unsigned char *widen(const rows *r, const fdml_jpeg_plane *p, int which, size_t y)
{
    const size_t at = y / p->down;
    const unsigned char *row = p->samples + at * p->row_stride;
    unsigned char *out = r->buffer[which];
    if (p->across == 1 && p->down == 1) return row;

    /* the nearer of the rows beside it, itself at the picture's edge */
    const bool is_upper = y % 2 == 0, is_edge = is_upper ? at == 0 : at + 1 == p->height;
    const unsigned char *other = is_edge    ? row
                                 : is_upper ? row - p->row_stride
                                            : row + p->row_stride;
    if (p->across == 2 && p->down == 1 && p->width > 2)
        r->kernels->upsample_across(out, row, p->width);
    else if (p->across == 1 && p->down == 2)
        r->kernels->upsample_down(out, row, other, p->width, is_upper ? 1 : 2);
    else if (p->across == 2 && p->down == 2 && p->width > 2)
        r->kernels->upsample_both(out, row, other, p->width, r->sums);
    else
        repeat(out, row, p->width, p->across);
    return out;
}

/* a * b / 255, rounded: PIL's MULDIV255 */
static unsigned scaled(unsigned a, unsigned b)
{
    const unsigned product = a * b + 128;
    return ((product >> 8) + product) >> 8;
}

static void put_cmyk(unsigned char *rgb, const unsigned char *const row[4], size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < 3; c++) {
            const unsigned black = row[3][i];
            *rgb++ = (unsigned char)(black - scaled(255u - row[c][i], black));
        }
}

/* YCC gives the complement of what is stored for the inks. */
static void put_ycck(unsigned char *rgb, const unsigned char *black, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < 3; c++, rgb++)
            *rgb = (unsigned char)(black[i] - scaled(*rgb, black[i]));
}

static void put_row(unsigned char *rgb, const unsigned char *const row[4], size_t n,
                    fdml_jpeg_colour colour, const fdml_kernels *kernels)
{
    switch (colour) {
    case FDML_JPEG_GREY:
        repeat(rgb, row[0], n, 3);
        break;
    case FDML_JPEG_RGB:
        for (size_t i = 0; i < n; i++)
            for (int c = 0; c < 3; c++) *rgb++ = row[c][i];
        break;
    case FDML_JPEG_YCC:
        kernels->ycc_to_rgb(rgb, row[0], row[1], row[2], n);
        break;
    case FDML_JPEG_CMYK:
        put_cmyk(rgb, row, n);
        break;
    case FDML_JPEG_YCCK:
        kernels->ycc_to_rgb(rgb, row[0], row[1], row[2], n);
        put_ycck(rgb, row[3], n);
        break;
    }
}

bool fdml_jpeg_to_rgb(unsigned char *rgb, const fdml_jpeg_planes *planes,
                      const fdml_kernels *kernels, fdml_arena *work)
{
    static const int n_planes[] = { [FDML_JPEG_GREY] = 1,
                                    [FDML_JPEG_RGB] = 3,
                                    [FDML_JPEG_YCC] = 3,
                                    [FDML_JPEG_CMYK] = 4,
                                    [FDML_JPEG_YCCK] = 4 };
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    rows r = { .kernels = kernels };
    const bool is_ready = make_rows(&r, planes, work);
    for (size_t y = 0; is_ready && y < planes->height; y++) {
        const unsigned char *row[4] = { NULL };
        for (int i = 0; i < n_planes[planes->colour]; i++)
            row[i] = widen(&r, &planes->plane[i], i, y);
        put_row(rgb + y * planes->width * 3, row, planes->width, planes->colour, kernels);
    }
    fdml_arena_reset(work, mark);
    return is_ready;
}
