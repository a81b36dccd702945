/* images.h - batches of pictures as a network takes them, for training and for validation.
 *
 * Pictures are decoded by all threads and kept as bytes up to a budget, so that a small set is
 * decoded once. What is kept decides no bit: a step's batch follows from (seed, step, rows)
 * alone, for any budget and number of threads.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_IMAGES_H
#define FDML_TRAIN_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "data/image.h"
#include "data/pictures.h"
#include "simd/kernels.h"
#include "train/augment.h"

typedef struct fdml_images fdml_images;

typedef struct fdml_images_options {
    fdml_augment augment;
    fdml_image_limits limits; /* fdml_image_default_limits */
    uint64_t seed;
    size_t cache_bytes;          /* of decoded pictures that are kept; 0: none */
    int n_threads;               /* 0: fdml_threads_default */
    const fdml_kernels *kernels; /* not NULL */
} fdml_images_options;

/* `pictures` is borrowed for as long as the images live. FDML_E_ARG: as fdml_augment_check. */
fdml_status fdml_images_new(fdml_images **images, const fdml_pictures *pictures,
                            const fdml_images_options *options, fdml_error *err);
void fdml_images_free(fdml_images *images); /* NULL is allowed */

size_t fdml_images_item(const fdml_images *images); /* floats of a picture: channels x sides */
size_t fdml_images_cached(const fdml_images *images); /* bytes that are kept now */
/* From now on this many are kept; what is there already stays. */
void fdml_images_set_cache(fdml_images *images, size_t cache_bytes);
size_t fdml_images_memory(const fdml_images *images);  /* bytes beside those that are kept */
size_t fdml_images_scratch(const fdml_images *images); /* the most that decoding took so far */

/* planes: [n, channels, height, width] of the pictures row[0..n), which may repeat. On failure
 * the sentence is that of the first of them that failed, starting with its path: FDML_E_IO,
 * FDML_E_FORMAT, FDML_E_LIMIT, FDML_E_DATA (another size than the network takes), FDML_E_NOMEM.
 */
fdml_status fdml_images_train(fdml_images *images, float *planes, const uint32_t *row, size_t n,
                              uint64_t step, fdml_error *err);
fdml_status fdml_images_eval(fdml_images *images, float *planes, const uint32_t *row, size_t n,
                             fdml_error *err);

/* Reads every picture once, for a trainer that rather leaves bad ones out at the beginning than
 * stops in the middle: error[i].status is FDML_OK, or error[i] says what is wrong with row[i].
 * What fits is kept. Only FDML_E_NOMEM fails. */
fdml_status fdml_images_probe(fdml_images *images, fdml_error *error, const uint32_t *row,
                              size_t n, fdml_error *err);

#endif
