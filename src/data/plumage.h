/* plumage.h - pictures of birds drawn by rule, with a known unfairness.
 *
 * A species is a shape: proportions, beak, tail, wing, markings on body and head. Plumage
 * colour is the sensitive attribute: in each species most birds wear one colour, so that colour
 * is a shortcut that fails the others, and test species are new. Pose, size, background, light
 * and noise vary. Markings are dark on light birds and light on dark ones, beak and legs have
 * one colour in all, so that nothing but the plumage tells the colour.
 *
 * Beside the natural test set, the same test species are drawn with all colours equally often:
 * there colour says nothing of the species, which is the place to measure how much of it an
 * embedding holds.
 *
 * Bits depend on the arguments alone: base/rng, base/dmath and IEEE arithmetic, nothing else.
 * The shape of a species depends on the seed, its split and its place there, and not on how
 * many others there are; the same holds for pose, background and light of a picture.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_PLUMAGE_H
#define FDML_DATA_PLUMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"

enum { FDML_PLUMAGE_COLOURS = 8 };

typedef enum fdml_plumage_split {
    FDML_PLUMAGE_TRAIN,
    FDML_PLUMAGE_VALIDATION,
    FDML_PLUMAGE_TEST,
    FDML_PLUMAGE_BALANCED, /* the test species, all colours equally often */
    FDML_PLUMAGE_SPLITS
} fdml_plumage_split;

typedef struct fdml_plumage {
    uint32_t n_species[3]; /* train, validation, test [40, 20, 40] */
    uint32_t per_class[3]; /* pictures of a species of each [60, 60, 60] */
    uint32_t per_colour;   /* pictures of a test species and colour in the balanced set [4] */
    double imbalance;      /* pictures in the main colour for one in another [9] */
    uint32_t size;         /* pixels, 16 to 512 [32] */
    uint64_t seed;
} fdml_plumage;

extern const fdml_plumage fdml_plumage_defaults; /* the numbers above; seed 1 */

typedef struct fdml_plumage_item {
    fdml_plumage_split split;
    uint32_t species; /* from 0 over train, validation, test */
    uint32_t colour;  /* below FDML_PLUMAGE_COLOURS */
    uint32_t number;  /* of the picture in its species and split */
    bool is_majority; /* the species' main colour */
} fdml_plumage_item;

/* FDML_E_ARG names the number and its limit. */
fdml_status fdml_plumage_check(const fdml_plumage *plumage, fdml_error *err);

const char *fdml_plumage_colour_name(uint32_t colour);         /* "brown" */
const char *fdml_plumage_split_name(fdml_plumage_split split); /* "train" */

/* What follows takes checked arguments. */
size_t fdml_plumage_count(const fdml_plumage *plumage); /* of pictures in all splits */

/* Every picture, [count]: by split, species and number. Scratch from the arena is given back;
 * FDML_E_NOMEM. */
fdml_status fdml_plumage_list(fdml_plumage_item *item, const fdml_plumage *plumage,
                              fdml_arena *work, fdml_error *err);

/* rgb: [size, size, 3]. */
void fdml_plumage_draw(unsigned char *rgb, const fdml_plumage *plumage,
                       const fdml_plumage_item *item);

#endif
