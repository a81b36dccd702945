/* train_pictures.c - pictures as a configuration wants them augmented and sized. See
 * train_data.h.
 *
 * Validation is what torchvision's recipes do: the shorter side becomes size * 256 / 224, then
 * the centre is cropped.
 *
 * SPDX-License-Identifier: MIT */
#include "model/backbone.h"
#include "train/images.h"
#include "train_data.h"

static size_t side_of(const config *c)
{
    fdml_error err;
    const fdml_backbone *backbone = fdml_backbone_find(c->model.backbone);
    if (backbone) return c->model.size ? c->model.size : backbone->size;
    fdml_backbone_fail(&err, "model.backbone", c->model.backbone);
    cli_die(CLI_EXIT_DATA, "%s (and features)", err.text);
}

static void take_list(float *out, const fdml_reals *list, size_t n, const char *name)
{
    if (list->n != n)
        cli_die(CLI_EXIT_DATA, "augment.%s: %zu numbers, expected %zu", name, list->n, n);
    for (size_t i = 0; i < n; i++) out[i] = (float)list->item[i];
}

static void check_pair(const fdml_reals *pair, const char *name)
{
    if (pair->n != 2)
        cli_die(CLI_EXIT_DATA, "augment.%s: %zu numbers, expected low and high", name, pair->n);
}

fdml_preprocess train_pictures_preprocess(const config *c, size_t side)
{
    const size_t shorter = c->augment.resize ? c->augment.resize : (side * 256 + 112) / 224;
    fdml_preprocess steps = { .resize_shorter = shorter > side ? shorter : side,
                              .center_width = side,
                              .center_height = side,
                              .n_channels = 3,
                              .scale = 1.0f / 255 };
    take_list(steps.mean, &c->augment.mean, 3, "mean");
    take_list(steps.std, &c->augment.std, 3, "std");
    return steps;
}

static fdml_augment augment_of(const config *c, size_t side)
{
    check_pair(&c->augment.scale, "scale");
    check_pair(&c->augment.ratio, "ratio");
    return (fdml_augment){ .eval = train_pictures_preprocess(c, side),
                           .width = side,
                           .height = side,
                           .has_crop = c->augment.crop,
                           .scale_low = c->augment.scale.item[0],
                           .scale_high = c->augment.scale.item[1],
                           .ratio_low = c->augment.ratio.item[0],
                           .ratio_high = c->augment.ratio.item[1],
                           .flip = c->augment.flip,
                           .shift = c->augment.shift,
                           .shift_edge = c->augment.shift_edge,
                           .brightness = c->augment.brightness,
                           .contrast = c->augment.contrast,
                           .saturation = c->augment.saturation,
                           .hue = c->augment.hue };
}

void train_pictures_open(train_data *d, const config *c, const cli_common *common, size_t cache)
{
    fdml_error err;
    d->side = side_of(c);
    const fdml_images_options options = { .augment = augment_of(c, d->side),
                                          .limits = fdml_image_default_limits,
                                          .seed = c->train.seed,
                                          .cache_bytes = cache,
                                          .n_threads = cli_threads(common),
                                          .kernels = cli_kernels(common) };
    if (fdml_images_new(&d->images, &d->pictures, &options, &err))
        cli_die(CLI_EXIT_DATA, "%s: %s", c->path, err.text);
    d->item = fdml_images_item(d->images);
}
