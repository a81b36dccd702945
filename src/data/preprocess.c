/* preprocess.c - see preprocess.h. Geometry is settled first, so that only those pixels are
 * resized that the centre crop keeps; then a table of 256 floats a channel turns bytes into
 * numbers.
 * SPDX-License-Identifier: MIT */
#include "data/preprocess.h"

#include <limits.h>
#include <string.h>

#include "data/resize.h"

const fdml_preprocess fdml_preprocess_imagenet = {
    .resize_shorter = 256,
    .center_width = 224,
    .center_height = 224,
    .n_channels = 3,
    .scale = 1.0f / 255,
    .mean = { 0.485f, 0.456f, 0.406f },
    .std = { 0.229f, 0.224f, 0.225f },
};

/* One side: in [from, from + length) is resized to `resized`, of which n from `skip` on land at
 * `pad` of `out`; the rest of out is zero bytes. */
typedef struct side {
    size_t from, length, resized, skip, n, pad, out;
} side;

/* torchvision's CenterCrop: pads by half of what is missing, rounded down, else starts at half
 * of what is too much, rounded to even. */
static void crop_center(side *s, size_t wanted)
{
    s->out = wanted ? wanted : s->resized;
    s->n = s->out < s->resized ? s->out : s->resized;
    s->pad = s->out > s->resized ? (s->out - s->resized) / 2 : 0;
    const size_t excess = s->resized - s->n;
    s->skip = excess / 2 + (excess % 4 == 3);
}

/* The longer side of torchvision's Resize: int(size * long / short). */
static fdml_status scale_longer(size_t *longer, size_t wanted, size_t shorter, const char *name,
                                fdml_error *err)
{
    if (*longer <= SIZE_MAX / wanted && wanted * *longer / shorter <= INT_MAX) {
        *longer = wanted * *longer / shorter;
        return FDML_OK;
    }
    return fdml_fail(err, FDML_E_LIMIT,
                     "%s: with its shorter side of %zu pixels made %zu, the one of %zu becomes "
                     "longer than %d",
                     name, shorter, wanted, *longer, INT_MAX);
}

static fdml_status find_sides(side *x, side *y, const fdml_preprocess *p, size_t width,
                              size_t height, const char *name, fdml_error *err)
{
    const size_t *box = p->box;
    *x = (side){ .length = width }, *y = (side){ .length = height };
    if (p->has_box) {
        if (box[0] >= box[2] || box[1] >= box[3] || box[2] > width || box[3] > height)
            return fdml_fail(err, FDML_E_DATA,
                             "%s: box %zu,%zu,%zu,%zu is not within %zu x %zu pixels", name,
                             box[0], box[1], box[2], box[3], width, height);
        *x = (side){ .from = box[0], .length = box[2] - box[0] };
        *y = (side){ .from = box[1], .length = box[3] - box[1] };
    }
    x->resized = p->resize_width ? p->resize_width : x->length;
    y->resized = p->resize_height ? p->resize_height : y->length;
    if (p->resize_shorter) {
        side *shorter = x->length <= y->length ? x : y, *longer = shorter == x ? y : x;
        shorter->resized = p->resize_shorter, longer->resized = longer->length;
        FDML_TRY(scale_longer(&longer->resized, p->resize_shorter, shorter->length, name, err));
    }
    crop_center(x, p->center_width);
    crop_center(y, p->center_height);
    return FDML_OK;
}

fdml_status fdml_preprocess_size(size_t *out_width, size_t *out_height,
                                 const fdml_preprocess *preprocess, size_t width, size_t height,
                                 const char *name, fdml_error *err)
{
    side x, y;
    FDML_TRY(find_sides(&x, &y, preprocess, width, height, name, err));
    *out_width = x.out, *out_height = y.out;
    return FDML_OK;
}

/* 1.0f / 255 divides by 255, as ToTensor does: multiplying gives other last bits. */
static void fill_table(float table[256], const fdml_preprocess *p, size_t channel)
{
    for (int v = 0; v < 256; v++) {
        const float x = p->scale == 1.0f / 255 ? (float)v / 255 : (float)v * p->scale;
        table[v] = (x - p->mean[channel]) / p->std[channel];
    }
}

/* PIL's convert("L"): ITU-R 601-2 luma in 16 bits. */
static unsigned char luma(const unsigned char *rgb)
{
    return (unsigned char)((rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >>
                           16);
}

static void make_grey(unsigned char *out, const unsigned char *rgb, size_t n)
{
    for (size_t i = 0; i < n; i++, out += 3, rgb += 3) memset(out, luma(rgb), 3);
}

/* plane: [y->out, x->out] of the channel at `rgb`, which is [y->n, x->n, 3]. */
static void fill_plane(float *plane, const unsigned char *rgb, const float table[256],
                       const side *x, const side *y)
{
    for (size_t row = 0; row < y->out; row++, plane += x->out) {
        const bool is_pad = row < y->pad || row >= y->pad + y->n;
        const size_t pad = is_pad ? x->out : x->pad, n = is_pad ? 0 : x->n;
        for (size_t i = 0; i < pad; i++) plane[i] = table[0];
        const unsigned char *from = is_pad ? rgb : rgb + (row - y->pad) * x->n * 3;
        for (size_t i = 0; i < n; i++) plane[pad + i] = table[from[3 * i]];
        for (size_t i = pad + n; i < x->out; i++) plane[i] = table[0];
    }
}

/* Like PIL, grey is made before resizing. `pixels` then borrows from the arena. */
static bool turn_grey(fdml_pixels *pixels, fdml_arena *work)
{
    const size_t row_size = pixels->width * 3;
    unsigned char *grey = fdml_arena_push(work, pixels->height, row_size);
    if (!grey) return false;
    for (size_t row = 0; row < pixels->height; row++)
        make_grey(grey + row * row_size, pixels->rgb + row * pixels->row_stride, pixels->width);
    pixels->rgb = grey, pixels->row_stride = row_size;
    return true;
}

/* What the network is to see: [y->n, x->n, 3] in the arena, NULL without memory for it. */
static unsigned char *make_picture(const fdml_preprocess *p, const fdml_image *image,
                                   const side *x, const side *y, const fdml_kernels *kernels,
                                   fdml_arena *work)
{
    fdml_pixels pixels = { .width = x->length, .height = y->length };
    pixels.row_stride = image->width * 3;
    pixels.rgb = image->rgb + y->from * pixels.row_stride + x->from * 3;
    unsigned char *picture = fdml_arena_push(work, y->n, x->n * 3);
    if (!picture || (p->n_channels == 1 && !turn_grey(&pixels, work))) return NULL;
    const fdml_resize resize = {
        x->resized, y->resized, x->skip, y->skip, x->n, y->n, kernels
    };
    return fdml_resize_bilinear(picture, &resize, &pixels, work) ? picture : NULL;
}

fdml_status fdml_preprocess_run(float *planes, const fdml_preprocess *preprocess,
                                const fdml_image *image, const char *name,
                                const fdml_kernels *kernels, fdml_arena *work, fdml_error *err)
{
    side x, y;
    FDML_TRY(find_sides(&x, &y, preprocess, image->width, image->height, name, err));
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    const unsigned char *picture = make_picture(preprocess, image, &x, &y, kernels, work);
    const size_t n_channels = preprocess->n_channels == 1 ? 1 : 3;
    for (size_t c = 0; picture && c < n_channels; c++) {
        float table[256];
        fill_table(table, preprocess, c);
        const size_t from = preprocess->is_bgr && n_channels == 3 ? 2 - c : c;
        fill_plane(planes + c * x.out * y.out, picture + from, table, &x, &y);
    }
    fdml_arena_reset(work, mark);
    if (picture) return FDML_OK;
    return fdml_fail(err, FDML_E_NOMEM, "%s: no memory to resize %zu x %zu pixels to %zu x %zu",
                     name, x.length, y.length, x.resized, y.resized);
}
