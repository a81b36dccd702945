/* plumage_bird.h - one bird and its picture's circumstances, drawn by lot but not yet painted.
 *
 * Lengths are in half canvases. A bird's own axes: x to where it looks, y down, the middle of
 * the body at 0.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_PLUMAGE_BIRD_H
#define FDML_DATA_PLUMAGE_BIRD_H

#include "base/rng.h"
#include "data/plumage.h"

typedef struct fdml_rgb {
    double r, g, b;
} fdml_rgb;

typedef enum fdml_body_pattern {
    FDML_BODY_PLAIN,
    FDML_BODY_BARS,
    FDML_BODY_STREAKS,
    FDML_BODY_SPOTS,
    FDML_BODY_BREAST,
    FDML_BODY_BELLY,
    FDML_BODY_PATTERNS
} fdml_body_pattern;

typedef enum fdml_head_mark {
    FDML_HEAD_PLAIN,
    FDML_HEAD_CAP,
    FDML_HEAD_STRIPE, /* through the eye */
    FDML_HEAD_BIB,    /* the throat */
    FDML_HEAD_MARKS
} fdml_head_mark;

/* What all birds of a species share. */
typedef struct fdml_species {
    double body, aspect, tilt;      /* half the body's length; height to length; radians */
    double head, reach;             /* radius; distance from the middle in half bodies */
    double beak, beak_width, droop; /* length, half-width at the root, radians downwards */
    double tail, tail_width, tail_angle;
    bool is_forked;
    double legs;
    double wing_place, wing_size, wing_tone; /* along the body; to its length; to its colour */
    fdml_body_pattern pattern;
    fdml_head_mark mark;
    double frequency, contrast; /* of markings: radians a unit; 0 to 1 */
    double crest;               /* length; 0: none */
} fdml_species;

/* What differs from picture to picture. */
typedef struct fdml_scene {
    double x, y, turn, size, stretch; /* where the bird is and how large */
    bool flip;
    fdml_rgb plumage;
    fdml_rgb ground[2];       /* the colours of the background */
    double wave[2], phase[2]; /* its waves: turns a unit along x and y; where they begin */
    double bend, bend_phase;  /* how much they meander */
    fdml_rgb gain;            /* light and its tint */
    double offset;
} fdml_scene;

/* k: number of the species in its split, of the first three splits. */
void fdml_species_draw(fdml_species *species, uint64_t seed, fdml_plumage_split split,
                       uint32_t k);

/* The scene of a picture; *noise is left as the stream of its pixels' noise. */
void fdml_scene_draw(fdml_scene *scene, fdml_rng *noise, uint64_t seed,
                     const fdml_plumage_item *item, uint32_t k);

/* rgb: [size, size, 3]. */
void fdml_scene_paint(unsigned char *rgb, uint32_t size, const fdml_species *species,
                      const fdml_scene *scene, fdml_rng *noise);

#endif
