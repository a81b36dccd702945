/* resize.c - see resize.h. The order of the roundings is that of Pillow's Resample.c: weights
 * in double, divided by their sum, then to 22 bits; only rows that the second pass reads are
 * made by the first.
 * SPDX-License-Identifier: MIT */
#include "data/resize.h"

#include <math.h>
#include <string.h>

/* One axis: n_in inputs become n_out outputs, of which n from `skip` on are wanted. */
typedef struct axis {
    size_t n_in, n_out, skip, n;
} axis;

static double triangle(double x)
{
    x = fabs(x);
    return x < 1 ? 1 - x : 0;
}

/* The taps of output `i` of the whole axis; returns their number. weight has room for all. */
static uint32_t weigh(uint32_t *first, uint32_t *weight, double *exact, const axis *a, size_t i)
{
    const double scale = (double)a->n_in / (double)a->n_out, support = scale < 1 ? 1 : scale;
    const double center = ((double)i + 0.5) * scale, inverse = 1 / support;
    const double low = center - support + 0.5, high = center + support + 0.5;
    const size_t begin = low < 0 ? 0 : (size_t)low;
    const size_t end = high > (double)a->n_in ? a->n_in : (size_t)high;
    double sum = 0;
    for (size_t t = 0; t < end - begin; t++) {
        exact[t] = triangle(((double)(t + begin) - center + 0.5) * inverse);
        sum += exact[t];
    }
    for (size_t t = 0; t < end - begin; t++)
        weight[t] = (uint32_t)(0.5 + exact[t] / sum * (1 << FDML_TAP_BITS));
    *first = (uint32_t)begin;
    return (uint32_t)(end - begin);
}

/* Where `base` is given, taps count from the first input that is needed, which it becomes. */
static bool make_taps(fdml_taps *taps, size_t *base, const axis *a, fdml_arena *work)
{
    /* The triangle's whole width, and one for where it falls between inputs. */
    const double scale = (double)a->n_in / (double)a->n_out;
    const size_t stride = 2 * (size_t)ceil(scale < 1 ? 1 : scale) + 1;
    uint32_t *first = fdml_arena_push(work, a->n, sizeof *first);
    uint32_t *count = fdml_arena_push(work, a->n, sizeof *count);
    uint32_t *weight = fdml_arena_push(work, a->n, stride * sizeof *weight);
    double *exact = fdml_arena_push(work, stride, sizeof *exact);
    if (!first || !count || !weight || !exact) return false;
    for (size_t i = 0; i < a->n; i++)
        count[i] = weigh(&first[i], weight + i * stride, exact, a, a->skip + i);
    if (base) *base = first[0];
    for (size_t i = a->n; base && i-- > 0;) first[i] -= first[0];
    *taps = (fdml_taps){ first, count, weight, stride, a->n };
    return true;
}

static void across(unsigned char *out, const fdml_pixels *in, size_t first, size_t end,
                   const fdml_taps *taps, unsigned char *scratch, const fdml_kernels *kernels)
{
    for (size_t y = first; y < end; y += 4) {
        const unsigned char *from[4];
        unsigned char *to[4];
        for (size_t r = 0; r < 4; r++) { /* past the end the last row is made once more */
            const size_t row = y + r < end ? y + r : end - 1;
            from[r] = in->rgb + row * in->row_stride;
            to[r] = out + (row - first) * taps->n * 3;
        }
        kernels->resize_across(to, from, taps, scratch);
    }
}

/* The wanted columns of rows [first, end) of `in`, [end - first, n_cols, 3] in `out`. */
static bool make_rows(unsigned char *out, const fdml_pixels *in, size_t first, size_t end,
                      const fdml_resize *resize, fdml_arena *work)
{
    const axis a = { in->width, resize->width, resize->x, resize->n_cols };
    if (a.n_in == a.n_out) {
        for (size_t y = first; y < end; y++, out += 3 * a.n)
            memcpy(out, in->rgb + y * in->row_stride + 3 * a.skip, 3 * a.n);
        return true;
    }
    fdml_taps taps;
    unsigned char *scratch = fdml_arena_push(work, a.n_in, 16);
    if (!scratch || !make_taps(&taps, NULL, &a, work)) return false;
    across(out, in, first, end, &taps, scratch, resize->kernels);
    return true;
}

static bool resize_both(unsigned char *rgb, const fdml_resize *resize, const fdml_pixels *in,
                        fdml_arena *work)
{
    const axis a = { in->height, resize->height, resize->y, resize->n_rows };
    if (a.n_in == a.n_out) return make_rows(rgb, in, a.skip, a.skip + a.n, resize, work);
    const size_t row_size = resize->n_cols * 3;
    size_t first;
    fdml_taps down;
    if (!make_taps(&down, &first, &a, work)) return false;
    if (in->width == resize->width) {
        const unsigned char *rows = in->rgb + first * in->row_stride + 3 * resize->x;
        resize->kernels->resize_down(rgb, rows, in->row_stride, row_size, &down);
        return true;
    }
    const size_t n_rows = down.first[a.n - 1] + (size_t)down.count[a.n - 1];
    unsigned char *rows = fdml_arena_push(work, n_rows, row_size);
    if (!rows || !make_rows(rows, in, first, first + n_rows, resize, work)) return false;
    resize->kernels->resize_down(rgb, rows, row_size, row_size, &down);
    return true;
}

bool fdml_resize_bilinear(unsigned char *rgb, const fdml_resize *resize, const fdml_pixels *in,
                          fdml_arena *work)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    const bool is_done = resize_both(rgb, resize, in, work);
    fdml_arena_reset(work, mark);
    return is_done;
}
