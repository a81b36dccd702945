/* plumage.c - how many pictures of which birds there are. See plumage.h.
 * SPDX-License-Identifier: MIT */
#include "data/plumage.h"

#include <math.h>

#include "data/plumage_bird.h"

enum { SPECIES_MAX = 100000, PER_CLASS_MAX = 100000, PER_COLOUR_MAX = 10000 };
enum { PICTURES_MAX = 10000000, SIDE_MIN = 16, SIDE_MAX = 512 };

/* Beside those of plumage_bird.c. */
enum { STREAM_MAIN = 16, STREAM_OTHER };

const fdml_plumage fdml_plumage_defaults = { .n_species = { 40, 20, 40 },
                                             .per_class = { 60, 60, 60 },
                                             .per_colour = 4,
                                             .imbalance = 9,
                                             .size = 32,
                                             .seed = 1 };

const char *fdml_plumage_colour_name(uint32_t colour)
{
    static const char *const name[FDML_PLUMAGE_COLOURS] = {
        "brown", "black", "white", "grey", "blue", "red", "yellow", "green"
    };
    return name[colour];
}

const char *fdml_plumage_split_name(fdml_plumage_split split)
{
    static const char *const name[] = { "train", "validation", "test", "balanced" };
    return name[split];
}

fdml_status fdml_plumage_check(const fdml_plumage *p, fdml_error *err)
{
    for (int i = 0; i < 3; i++) {
        const char *name = fdml_plumage_split_name((fdml_plumage_split)i);
        if (p->n_species[i] > SPECIES_MAX)
            return fdml_fail(err, FDML_E_ARG, "%u %s species, expected 0 to %d",
                             p->n_species[i], name, SPECIES_MAX);
        if (p->per_class[i] < 1 || p->per_class[i] > PER_CLASS_MAX)
            return fdml_fail(err, FDML_E_ARG, "%u pictures of a %s species, expected 1 to %d",
                             p->per_class[i], name, PER_CLASS_MAX);
    }
    if (p->per_colour > PER_COLOUR_MAX)
        return fdml_fail(err, FDML_E_ARG, "%u balanced pictures of a colour, expected 0 to %d",
                         p->per_colour, PER_COLOUR_MAX);
    if (!(p->imbalance >= 0 && p->imbalance <= 1e6))
        return fdml_fail(err, FDML_E_ARG, "imbalance is %g to 1, expected 0 to 1000000",
                         p->imbalance);
    if (p->size < SIDE_MIN || p->size > SIDE_MAX)
        return fdml_fail(err, FDML_E_ARG, "size is %u pixels, expected %d to %d", p->size,
                         SIDE_MIN, SIDE_MAX);
    const size_t n = fdml_plumage_count(p);
    if (!n || n > PICTURES_MAX)
        return fdml_fail(err, FDML_E_ARG, "%zu pictures in all, expected 1 to %d", n,
                         PICTURES_MAX);
    return FDML_OK;
}

size_t fdml_plumage_count(const fdml_plumage *p)
{
    size_t n = (size_t)p->n_species[FDML_PLUMAGE_TEST] * p->per_colour * FDML_PLUMAGE_COLOURS;
    for (int i = 0; i < 3; i++) n += (size_t)p->n_species[i] * p->per_class[i];
    return n;
}

/* Main colours of the species of a split: a permutation of them modulo the colours, so that
 * every colour is as often a main one. */
static void choose_main(uint32_t *colour, const fdml_plumage *p, int split)
{
    const uint32_t n = p->n_species[split];
    fdml_rng rng;
    for (uint32_t k = 0; k < n; k++) colour[k] = k % FDML_PLUMAGE_COLOURS;
    fdml_rng_init(&rng, p->seed, STREAM_MAIN, (uint32_t)split);
    fdml_rng_shuffle(&rng, colour, n);
}

/* The natural pictures of a species: first those in its main colour, then others by lot. */
static fdml_plumage_item *list_species(fdml_plumage_item *item, const fdml_plumage *p,
                                       fdml_plumage_item first, uint32_t k, uint32_t main)
{
    const uint32_t n = p->per_class[first.split];
    const double share = p->imbalance / (p->imbalance + 1);
    const uint32_t n_main = (uint32_t)floor(n * share + 0.5);
    fdml_rng rng;
    fdml_rng_init(&rng, p->seed, (uint64_t)STREAM_OTHER << 32 | first.split, k);
    for (first.number = 0; first.number < n; first.number++) {
        first.is_majority = first.number < n_main;
        first.colour = main;
        if (!first.is_majority) {
            const uint32_t other = fdml_rng_below(&rng, FDML_PLUMAGE_COLOURS - 1);
            first.colour = other + (other >= main);
        }
        *item++ = first;
    }
    return item;
}

static fdml_plumage_item *list_balanced(fdml_plumage_item *item, const fdml_plumage *p,
                                        uint32_t species, uint32_t main)
{
    for (uint32_t i = 0; i < p->per_colour * FDML_PLUMAGE_COLOURS; i++) {
        const uint32_t colour = i % FDML_PLUMAGE_COLOURS;
        *item++ =
            (fdml_plumage_item){ FDML_PLUMAGE_BALANCED, species, colour, i, colour == main };
    }
    return item;
}

fdml_status fdml_plumage_list(fdml_plumage_item *item, const fdml_plumage *p, fdml_arena *work,
                              fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    uint32_t *main[3], first[3], n = 0;
    for (int split = 0; split < 3; split++) {
        main[split] = fdml_arena_push(work, p->n_species[split], sizeof *main[split]);
        if (!main[split]) {
            fdml_arena_reset(work, mark);
            return fdml_fail(err, FDML_E_NOMEM, "no memory for %u species",
                             p->n_species[split]);
        }
        choose_main(main[split], p, split);
        first[split] = n;
        n += p->n_species[split];
    }
    for (int split = 0; split < 3; split++)
        for (uint32_t k = 0; k < p->n_species[split]; k++) {
            const fdml_plumage_item start = { .split = (fdml_plumage_split)split,
                                              .species = first[split] + k };
            item = list_species(item, p, start, k, main[split][k]);
        }
    for (uint32_t k = 0; k < p->n_species[FDML_PLUMAGE_TEST]; k++)
        item = list_balanced(item, p, first[FDML_PLUMAGE_TEST] + k, main[FDML_PLUMAGE_TEST][k]);
    fdml_arena_reset(work, mark);
    return FDML_OK;
}

void fdml_plumage_draw(unsigned char *rgb, const fdml_plumage *p, const fdml_plumage_item *item)
{
    const fdml_plumage_split home =
        item->split == FDML_PLUMAGE_BALANCED ? FDML_PLUMAGE_TEST : item->split;
    uint32_t k = item->species;
    for (int split = 0; split < (int)home; split++) k -= p->n_species[split];
    fdml_species species;
    fdml_scene scene;
    fdml_rng noise;
    fdml_species_draw(&species, p->seed, home, k);
    fdml_scene_draw(&scene, &noise, p->seed, item, k);
    fdml_scene_paint(rgb, p->size, &species, &scene, &noise);
}
