/* augment.c - see augment.h. A picture becomes planes once, by data/preprocess, and is then
 * moved and coloured in place; only a picture with jitter is normalised here.
 * SPDX-License-Identifier: MIT */
#include "train/augment.h"

#include <math.h>
#include <string.h>

#include "base/dmath.h"

enum { CROP_TRIES = 10, SIDE_MAX = 65536 };

static const double jitter_max = 100; /* a factor of a hundred is all black or white already */

const fdml_augment fdml_augment_defaults = {
    /* fdml_preprocess_imagenet, which a constant cannot be made from */
    .eval = { .resize_shorter = 256,
              .center_width = 224,
              .center_height = 224,
              .n_channels = 3,
              .scale = 1.0f / 255,
              .mean = { 0.485f, 0.456f, 0.406f },
              .std = { 0.229f, 0.224f, 0.225f } },
    .width = 224,
    .height = 224,
    .has_crop = true,
    .scale_low = 0.08,
    .scale_high = 1,
    .ratio_low = 3. / 4,
    .ratio_high = 4. / 3,
    .flip = 0.5,
};

static fdml_status check_range(const char *name, double low, double high, double most,
                               fdml_error *err)
{
    if (low > 0 && low <= high && high <= most) return FDML_OK;
    return fdml_fail(err, FDML_E_ARG, "%s of crops is %g to %g, expected a range above 0 to %g",
                     name, low, high, most);
}

fdml_status fdml_augment_check(const fdml_augment *a, fdml_error *err)
{
    const struct {
        const char *name;
        double value, most;
    } number[] = { { "flip", a->flip, 1 },
                   { "brightness", a->brightness, jitter_max },
                   { "contrast", a->contrast, jitter_max },
                   { "saturation", a->saturation, jitter_max },
                   { "hue", a->hue, 0.5 } };
    if (!a->width || !a->height || a->width > SIDE_MAX || a->height > SIDE_MAX)
        return fdml_fail(err, FDML_E_ARG, "pictures of %zu x %zu pixels, expected 1 to %d each",
                         a->width, a->height, SIDE_MAX);
    if (a->shift >= a->width || a->shift >= a->height)
        return fdml_fail(err, FDML_E_ARG,
                         "shift is %zu, expected less than a side of %zu x %zu", a->shift,
                         a->width, a->height);
    const size_t *box = a->eval.box;
    if (a->eval.has_box && (box[0] >= box[2] || box[1] >= box[3]))
        return fdml_fail(err, FDML_E_ARG, "box %zu,%zu,%zu,%zu holds no pixel", box[0], box[1],
                         box[2], box[3]);
    for (size_t i = 0; i < sizeof number / sizeof *number; i++)
        if (!(number[i].value >= 0 && number[i].value <= number[i].most))
            return fdml_fail(err, FDML_E_ARG, "%s is %g, expected 0 to %g", number[i].name,
                             number[i].value, number[i].most);
    if (!a->has_crop) return FDML_OK;
    FDML_TRY(check_range("scale", a->scale_low, a->scale_high, 1, err));
    return check_range("ratio", a->ratio_low, a->ratio_high, 1000, err);
}

static double uniform(fdml_rng *rng, double low, double high)
{
    return low + (high - low) * fdml_rng_double(rng);
}

static void set_box(size_t box[4], size_t x, size_t y, size_t width, size_t height)
{
    box[0] = x, box[1] = y, box[2] = x + width, box[3] = y + height;
}

/* RandomResizedCrop.get_params: a box of random area and ratio that fits, or after ten tries
 * the largest one in the middle whose ratio is within the range. */
static void pick_box(size_t box[4], const fdml_augment *a, size_t width, size_t height,
                     fdml_rng *rng)
{
    const double area = (double)width * (double)height;
    const double log_low = fdml_log(a->ratio_low), log_high = fdml_log(a->ratio_high);
    for (int i = 0; i < CROP_TRIES; i++) {
        const double target = area * uniform(rng, a->scale_low, a->scale_high);
        const double ratio = fdml_exp(uniform(rng, log_low, log_high));
        const double w = rint(sqrt(target * ratio)), h = rint(sqrt(target / ratio));
        if (!(w > 0 && w <= (double)width && h > 0 && h <= (double)height)) continue;
        const size_t y = fdml_rng_below(rng, (uint32_t)(height - (size_t)h + 1));
        const size_t x = fdml_rng_below(rng, (uint32_t)(width - (size_t)w + 1));
        set_box(box, x, y, (size_t)w, (size_t)h);
        return;
    }
    size_t w = width, h = height;
    const double ratio = (double)width / (double)height;
    if (ratio < a->ratio_low) h = (size_t)rint((double)w / a->ratio_low);
    if (ratio > a->ratio_high) w = (size_t)rint((double)h * a->ratio_high);
    w += !w, h += !h; /* a picture of one row of pixels, of which a half would be kept */
    set_box(box, (width - w) / 2, (height - h) / 2, w, h);
}

static double pick_factor(fdml_rng *rng, double strength)
{
    return strength > 0 ? uniform(rng, strength < 1 ? 1 - strength : 0, 1 + strength) : 1;
}

static ptrdiff_t pick_move(fdml_rng *rng, size_t shift)
{
    return shift ? (ptrdiff_t)fdml_rng_below(rng, (uint32_t)(2 * shift + 1)) - (ptrdiff_t)shift
                 : 0;
}

static bool has_jitter(const fdml_augment *a)
{
    return a->brightness > 0 || a->contrast > 0 || a->saturation > 0 || a->hue > 0;
}

void fdml_augment_pick(fdml_augment_draw *draw, const fdml_augment *a, size_t width,
                       size_t height, fdml_rng *rng)
{
    fdml_augment_draw d = { .order = { 0, 1, 2, 3 } };
    uint32_t order[4] = { 0, 1, 2, 3 };
    const size_t *box = a->eval.box, x = a->eval.has_box ? box[0] : 0;
    const size_t y = a->eval.has_box ? box[1] : 0;
    if (a->eval.has_box) width = box[2] - x, height = box[3] - y;
    set_box(d.box, 0, 0, width, height);
    if (a->has_crop) pick_box(d.box, a, width, height, rng);
    d.box[0] += x, d.box[1] += y, d.box[2] += x, d.box[3] += y;
    d.flip = fdml_rng_double(rng) < a->flip;
    d.dx = pick_move(rng, a->shift);
    d.dy = pick_move(rng, a->shift);
    if (has_jitter(a)) fdml_rng_shuffle(rng, order, 4);
    for (int i = 0; i < 4; i++) d.order[i] = order[i];
    d.factor[FDML_JITTER_BRIGHTNESS] = pick_factor(rng, a->brightness);
    d.factor[FDML_JITTER_CONTRAST] = pick_factor(rng, a->contrast);
    d.factor[FDML_JITTER_SATURATION] = pick_factor(rng, a->saturation);
    d.factor[FDML_JITTER_HUE] = a->hue > 0 ? uniform(rng, -a->hue, a->hue) : 0;
    *draw = d;
}

/* Mirrors and moves one plane; `black` is what a byte of 0 has become. */
static void move_plane(float *plane, const float *from, const fdml_augment *a,
                       const fdml_augment_draw *d, float black)
{
    const ptrdiff_t width = (ptrdiff_t)a->width, height = (ptrdiff_t)a->height;
    for (ptrdiff_t y = 0; y < height; y++, plane += width) {
        ptrdiff_t v = y - d->dy;
        const bool is_in = v >= 0 && v < height;
        v = v < 0 ? 0 : v >= height ? height - 1 : v;
        for (ptrdiff_t x = 0; x < width; x++) {
            ptrdiff_t u = x - d->dx;
            const bool is_black = !a->shift_edge && (!is_in || u < 0 || u >= width);
            u = u < 0 ? 0 : u >= width ? width - 1 : u;
            plane[x] = is_black ? black : from[v * width + (d->flip ? width - 1 - u : u)];
        }
    }
}

static bool move_planes(float *planes, const fdml_augment *a, const fdml_preprocess *p,
                        const fdml_augment_draw *d, fdml_arena *work)
{
    const size_t n = a->width * a->height;
    if (!d->flip && !d->dx && !d->dy) return true;
    float *copy = fdml_arena_push(work, n, sizeof *copy);
    for (int c = 0; copy && c < (p->n_channels == 1 ? 1 : 3); c++) {
        float *plane = planes + (size_t)c * n;
        memcpy(copy, plane, n * sizeof *copy);
        move_plane(plane, copy, a, d, (0 - p->mean[c]) / p->std[c]);
    }
    return copy != NULL;
}

/* Planes of 0 to 1 to what the network takes; red and blue change places where it asks. */
static void normalise(float *planes, size_t n, const fdml_preprocess *p)
{
    const int n_channels = p->n_channels == 1 ? 1 : 3;
    const float scale = p->scale == 1.0f / 255 ? 1 : 255 * p->scale;
    if (p->is_bgr && n_channels == 3)
        for (size_t i = 0; i < n; i++) {
            const float red = planes[i];
            planes[i] = planes[2 * n + i], planes[2 * n + i] = red;
        }
    for (int c = 0; c < n_channels; c++)
        for (size_t i = 0; i < n; i++) {
            float *x = &planes[(size_t)c * n + i];
            *x = (*x * scale - p->mean[c]) / p->std[c];
        }
}

static fdml_status check_size(const fdml_augment *a, const fdml_preprocess *p,
                              const fdml_augment_input *input, fdml_error *err)
{
    const fdml_image *image = input->image;
    const char *name = input->name;
    size_t width, height;
    FDML_TRY(fdml_preprocess_size(&width, &height, p, image->width, image->height, name, err));
    if (width == a->width && height == a->height) return FDML_OK;
    return fdml_fail(err, FDML_E_DATA,
                     "%s: comes out at %zu x %zu pixels, the network takes %zu x %zu", name,
                     width, height, a->width, a->height);
}

/* Geometry and normalisation of this picture; colours of 0 to 1 where they are yet to change.
 */
static fdml_preprocess steps_of(const fdml_augment *a, const fdml_augment_draw *d)
{
    fdml_preprocess p = a->eval;
    if (a->has_crop) {
        p.has_box = true;
        memcpy(p.box, d->box, sizeof p.box);
        p.resize_shorter = p.center_width = p.center_height = 0;
        p.resize_width = a->width, p.resize_height = a->height;
    }
    if (!has_jitter(a)) return p;
    p.is_bgr = false;
    p.scale = 1.0f / 255;
    for (int c = 0; c < 3; c++) p.mean[c] = 0, p.std[c] = 1;
    return p;
}

fdml_status fdml_augment_run(float *planes, const fdml_augment *a, const fdml_augment_draw *d,
                             const fdml_augment_input *input, const fdml_augment_work *work,
                             fdml_error *err)
{
    const fdml_preprocess p = d ? steps_of(a, d) : a->eval;
    const fdml_arena_mark mark = fdml_arena_get_mark(work->arena);
    FDML_TRY(check_size(a, &p, input, err));
    FDML_TRY(fdml_preprocess_run(planes, &p, input->image, input->name, work->kernels,
                                 work->arena, err));
    if (!d) return FDML_OK;
    const bool is_moved = move_planes(planes, a, &p, d, work->arena);
    fdml_arena_reset(work->arena, mark);
    if (!is_moved)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu x %zu pixels", input->name,
                         a->width, a->height);
    if (!has_jitter(a)) return FDML_OK;
    fdml_augment_jitter(planes, a->width * a->height, p.n_channels == 1 ? 1 : 3, d);
    normalise(planes, a->width * a->height, &a->eval);
    return FDML_OK;
}
