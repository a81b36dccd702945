/* preprocess.h - from a picture to the numbers a network takes.
 *
 * Steps, each left out where not asked for, in this order: crop a box; resize (antialiased
 * bilinear, as PIL's Image.resize(..., BILINEAR), whose bytes it gives); crop the centre; order
 * of channels; (x * scale - mean) / std; planes [C, H, W].
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_PREPROCESS_H
#define FDML_DATA_PREPROCESS_H

#include <stdbool.h>

#include "data/image.h"
#include "simd/kernels.h"

typedef struct fdml_preprocess {
    bool has_box;
    size_t box[4];         /* x0, y0, x1, y1: pixels, x1 and y1 exclusive */
    size_t resize_shorter; /* torchvision's Resize(N): the shorter side becomes N; 0: no */
    size_t resize_width, resize_height; /* to exactly this; 0: no */
    size_t center_width, center_height; /* torchvision's CenterCrop, padded with 0 where the
                                         * image is smaller; 0: no */
    bool is_bgr;
    int n_channels;        /* 3; or 1: PIL's convert("L") of the decoded picture */
    float scale;           /* 1 for bytes as they are; 1.0f / 255 divides by 255, as ToTensor */
    float mean[3], std[3]; /* in the order of the output's channels, after scale */
} fdml_preprocess;

/* torchvision: shorter side 256, centre 224, ImageNet's mean and std. */
extern const fdml_preprocess fdml_preprocess_imagenet;

/* What comes out for an image of this size; FDML_E_DATA: the box lies outside. */
fdml_status fdml_preprocess_size(size_t *out_width, size_t *out_height,
                                 const fdml_preprocess *preprocess, size_t width, size_t height,
                                 const char *name, fdml_error *err);

/* planes: [n_channels, out_height, out_width]. Scratch from the arena is given back. */
fdml_status fdml_preprocess_run(float *planes, const fdml_preprocess *preprocess,
                                const fdml_image *image, const char *name,
                                const fdml_kernels *kernels, fdml_arena *work, fdml_error *err);

#endif
