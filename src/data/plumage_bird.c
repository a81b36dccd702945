/* plumage_bird.c - ranges of species and of what varies between pictures. See plumage_bird.h.
 *
 * The numbers are those with which the effects of imbalance and of its remedies were measured;
 * continuous ranges of species are wider than written, by 1.4 about their middle, so that
 * species differ at 32 pixels. SPDX-License-Identifier: MIT */
#include "data/plumage_bird.h"

/* Streams: the purpose in the upper bits, then split and species. */
enum { STREAM_SPECIES = 1, STREAM_SCENE, STREAM_NOISE };

static uint64_t stream(uint64_t purpose, fdml_plumage_split split, uint32_t k)
{
    return purpose << 40 | (uint64_t)split << 32 | k;
}

static double uniform(fdml_rng *rng, double low, double high)
{
    return low + (high - low) * fdml_rng_double(rng);
}

/* From the range made 1.4 times as wide; where it is positive, never below 0.3 of its low end.
 */
static double wide(fdml_rng *rng, double low, double high)
{
    const double middle = (low + high) / 2, half = 1.4 * (high - low) / 2;
    const double x = uniform(rng, middle - half, middle + half);
    return low > 0 && x < 0.3 * low ? 0.3 * low : x;
}

void fdml_species_draw(fdml_species *s, uint64_t seed, fdml_plumage_split split, uint32_t k)
{
    fdml_rng rng;
    fdml_rng_init(&rng, seed, stream(STREAM_SPECIES, split, k), 0);
    s->body = wide(&rng, 0.38, 0.54);
    s->aspect = wide(&rng, 0.45, 0.85);
    s->tilt = wide(&rng, -0.1, 0.7);
    s->head = wide(&rng, 0.14, 0.25);
    s->reach = wide(&rng, 0.8, 1.1);
    s->beak = wide(&rng, 0.06, 0.34);
    s->beak_width = wide(&rng, 0.03, 0.09);
    s->droop = wide(&rng, -0.2, 0.45);
    s->tail = wide(&rng, 0.12, 0.55);
    s->tail_width = wide(&rng, 0.04, 0.15);
    s->tail_angle = wide(&rng, -0.6, 0.6);
    s->is_forked = fdml_rng_double(&rng) < 0.35;
    s->legs = wide(&rng, 0.06, 0.28);
    s->wing_place = wide(&rng, -0.3, 0.1);
    s->wing_size = wide(&rng, 0.5, 0.8);
    s->wing_tone = wide(&rng, 0.6, 1.05);
    s->pattern = (fdml_body_pattern)fdml_rng_below(&rng, FDML_BODY_PATTERNS);
    s->mark = (fdml_head_mark)fdml_rng_below(&rng, FDML_HEAD_MARKS);
    s->frequency = wide(&rng, 9, 20);
    s->contrast = wide(&rng, 0.45, 0.9);
    if (s->contrast > 1) s->contrast = 1;
    const bool has_crest = fdml_rng_double(&rng) < 0.3;
    const double crest = wide(&rng, 0.12, 0.3);
    s->crest = has_crest ? crest : 0;
}

/* The eight plumages, and how far each bird's colour strays from them (standard deviation). */
static const fdml_rgb plumage[FDML_PLUMAGE_COLOURS] = {
    { 0.46, 0.29, 0.15 }, { 0.11, 0.11, 0.12 }, { 0.93, 0.93, 0.90 }, { 0.54, 0.55, 0.57 },
    { 0.17, 0.36, 0.76 }, { 0.76, 0.15, 0.13 }, { 0.94, 0.81, 0.17 }, { 0.22, 0.54, 0.21 },
};
static const double colour_jitter = 0.035;

static double clamp(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static fdml_rgb draw_plumage(fdml_rng *rng, const fdml_rgb *mean)
{
    fdml_rgb c;
    c.r = clamp(mean->r + colour_jitter * fdml_rng_normal(rng));
    c.g = clamp(mean->g + colour_jitter * fdml_rng_normal(rng));
    c.b = clamp(mean->b + colour_jitter * fdml_rng_normal(rng));
    return c;
}

/* Any colour, of which 65 % is turned to its grey: background must not compete with plumage. */
static fdml_rgb draw_muted(fdml_rng *rng)
{
    const double r = uniform(rng, 0.2, 0.85), g = uniform(rng, 0.2, 0.85);
    const double b = uniform(rng, 0.2, 0.85), grey = (r + g + b) / 3;
    return (fdml_rgb){ 0.35 * r + 0.65 * grey, 0.35 * g + 0.65 * grey, 0.35 * b + 0.65 * grey };
}

void fdml_scene_draw(fdml_scene *s, fdml_rng *noise, uint64_t seed,
                     const fdml_plumage_item *item, uint32_t k)
{
    fdml_rng rng;
    fdml_rng_init(&rng, seed, stream(STREAM_SCENE, item->split, k), item->number);
    fdml_rng_init(noise, seed, stream(STREAM_NOISE, item->split, k), item->number);
    s->x = uniform(&rng, -0.16, 0.16);
    s->y = uniform(&rng, -0.16, 0.16);
    s->turn = uniform(&rng, -0.2, 0.2);
    s->size = uniform(&rng, 0.9, 1.2);
    s->stretch = uniform(&rng, 0.93, 1.07);
    s->flip = fdml_rng_double(&rng) < 0.5;
    s->plumage = draw_plumage(&rng, &plumage[item->colour]);
    for (int i = 0; i < 2; i++) {
        s->ground[i] = draw_muted(&rng);
        s->wave[i] = uniform(&rng, -0.9, 0.9);
        s->phase[i] = fdml_rng_double(&rng);
    }
    s->bend = uniform(&rng, 0.05, 0.35);
    s->bend_phase = fdml_rng_double(&rng);
    const double gain = uniform(&rng, 0.7, 1.15);
    s->gain.r = gain * uniform(&rng, 0.94, 1.06);
    s->gain.g = gain * uniform(&rng, 0.94, 1.06);
    s->gain.b = gain * uniform(&rng, 0.94, 1.06);
    s->offset = uniform(&rng, -0.05, 0.08);
}
