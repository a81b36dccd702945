/* augment.h - a picture as training sees it: another crop, mirrored, moved, other colours.
 *
 * Parameters, their order and the meaning of each number are torchvision's (RandomResizedCrop,
 * RandomHorizontalFlip, RandomCrop with padding, ColorJitter), in this order: crop and resize,
 * flip, shift, jitter, normalisation. The random numbers are ours: those of (seed, step, place
 * in the batch), so that no picture's depend on another's, on threads or on an interruption.
 *
 * Resizing rounds to bytes as Pillow does; jitter works on floats of 0 to 1 without rounding
 * to bytes between, as torchvision does with tensors.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_AUGMENT_H
#define FDML_TRAIN_AUGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "base/rng.h"
#include "data/preprocess.h"
#include "simd/kernels.h"

typedef struct fdml_augment {
    fdml_preprocess eval; /* validation and embedding; its channels, scale, mean and std are
                           * training's too. It must make width x height of every picture */
    size_t width, height; /* of what comes out */

    bool has_crop;                /* RandomResizedCrop, within eval's box where it has one, in
                                   * place of the rest of its geometry */
    double scale_low, scale_high; /* share of the picture's area [0.08, 1] */
    double ratio_low, ratio_high; /* width / height [3/4, 4/3] */

    double flip;     /* probability of a mirrored picture [0.5] */
    size_t shift;    /* moves by -shift to shift pixels each way [0] */
    bool shift_edge; /* what moves in repeats the border; else it is black (a byte of 0) */

    double brightness, contrast, saturation; /* factors from max(0, 1 - x) to 1 + x [0] */
    double hue; /* turns from -hue to hue, in circles, 0 to 0.5 [0] */
} fdml_augment;

/* FINDML 5: crop to 224 x 224, flip; eval is fdml_preprocess_imagenet. No jitter, no shift. */
extern const fdml_augment fdml_augment_defaults;

/* FDML_E_ARG names the number and its limit. */
fdml_status fdml_augment_check(const fdml_augment *augment, fdml_error *err);

enum { FDML_JITTER_BRIGHTNESS, FDML_JITTER_CONTRAST, FDML_JITTER_SATURATION, FDML_JITTER_HUE };

/* What was drawn for one picture. */
typedef struct fdml_augment_draw {
    size_t box[4]; /* x0, y0, x1, y1 in the picture; used with has_crop */
    bool flip;
    ptrdiff_t dx, dy;  /* the picture moves right and down by these */
    double factor[4];  /* by FDML_JITTER_...; 1, 1, 1, 0 change nothing */
    unsigned order[4]; /* in which the four are applied */
} fdml_augment_draw;

/* width, height: of the decoded picture; rng: of fdml_train_stream(FDML_TRAIN_AUGMENT, step)
 * and its place in the batch as the index. */
void fdml_augment_pick(fdml_augment_draw *draw, const fdml_augment *augment, size_t width,
                       size_t height, fdml_rng *rng);

typedef struct fdml_augment_work {
    const fdml_kernels *kernels;
    fdml_arena *arena;
} fdml_augment_work;

typedef struct fdml_augment_input {
    const fdml_image *image;
    const char *name; /* for messages */
} fdml_augment_input;

/* planes: [n_channels, height, width]. draw NULL: no augmentation, eval alone. Scratch from the
 * arena is given back. FDML_E_DATA: this picture comes out at another size. */
fdml_status fdml_augment_run(float *planes, const fdml_augment *augment,
                             const fdml_augment_draw *draw, const fdml_augment_input *input,
                             const fdml_augment_work *work, fdml_error *err);

/* ColorJitter alone, in place, on planes [n_channels, n] from 0 to 1: red, green and blue, or
 * grey, which has neither saturation nor hue. */
void fdml_augment_jitter(float *planes, size_t n, int n_channels,
                         const fdml_augment_draw *draw);

#endif
