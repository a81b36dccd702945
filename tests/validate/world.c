/* world.c - see world.h.
 *
 * Everything is keyed by (law's place in the stream, world), so a world can be looked at alone
 * and does not depend on threads.
 *
 * SPDX-License-Identifier: MIT */
#include "world.h"

#include "base/rng.h"

enum { SEED = 20260, STREAM_CENTRES = 1, STREAM_ROWS, STREAM_ATTRIBUTES };

static const char *const digit[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8", "9" };

static const char *const attribute_name[MOST_ATTRIBUTES] = { "g", "h", "i", "j" };

static void *push(world *w, size_t n, size_t size)
{
    return fdml_arena_push(&w->arena, n, size);
}

/* Levels are named by their last digit: no test reads them. */
static bool make_factor(fdml_factor *factor, world *w, const char *name, uint32_t *code,
                        size_t n_levels)
{
    const char **level = push(w, n_levels, sizeof *level);
    for (size_t i = 0; level && i < n_levels; i++) level[i] = digit[i % 10];
    *factor = (fdml_factor){ name, w->n_rows, n_levels, code, level };
    return level != NULL;
}

/* Classes' sizes, effects and centres. */
static size_t draw_classes(size_t *size, world *w, uint32_t number)
{
    const law *l = w->law;
    const bool is_new = l->sampling == NEW_CLASSES;
    size_t n_rows = 0;
    fdml_rng rng;
    fdml_rng_init(&rng, SEED, STREAM_CENTRES, is_new ? number : 0);
    for (size_t c = 0; c < l->n_classes; c++) {
        const bool is_wide = is_new ? fdml_rng_below(&rng, 2) : c / l->n_groups % 2;
        w->effect[c] = is_wide ? 1 + l->effect : 1 - l->effect;
        size[c] = l->rows[is_new ? fdml_rng_below(&rng, 2) : 0];
        n_rows += size[c];
        for (size_t d = 0; d < l->dim; d++)
            w->centre[c * l->dim + d] = l->origin + fdml_rng_normal(&rng);
    }
    return n_rows;
}

static void draw_labels(world *w, const size_t *size, fdml_rng *rng)
{
    const law *l = w->law;
    size_t row = 0;
    for (uint32_t c = 0; c < l->n_classes; c++)
        for (size_t i = 0; i < size[c]; i++, row++)
            w->label[row] =
                l->sampling == NEW_CLASSES ? c : fdml_rng_below(rng, (uint32_t)l->n_classes);
}

static uint32_t draw_group(const world *w, uint32_t label, fdml_rng *rng)
{
    const law *l = w->law;
    if (!l->by_row) return label % (uint32_t)l->n_groups;
    if (l->lean == 0) return fdml_rng_below(rng, (uint32_t)l->n_groups);
    const double share = .5 + (w->effect[label] < 1 ? l->lean : -l->lean);
    return fdml_rng_double(rng) >= share;
}

/* The attributes behind the first: a coin for each row, or for each class. */
static void draw_attributes(world *w, uint32_t number)
{
    for (size_t a = 1; a < w->problem.n_attributes; a++) {
        fdml_rng rng;
        fdml_rng_init(&rng, SEED, STREAM_ATTRIBUTES + a, number);
        uint32_t coin[512];
        for (size_t i = 0; i < sizeof coin / sizeof *coin; i++)
            coin[i] = fdml_rng_below(&rng, 2);
        for (size_t i = 0; i < w->n_rows; i++)
            w->code[a][i] = w->law->by_row ? fdml_rng_below(&rng, 2) : coin[w->label[i] % 512];
    }
}

static void draw_rows(world *w, uint32_t number, fdml_rng *rng)
{
    const law *l = w->law;
    for (size_t i = 0; i < w->n_rows; i++) {
        const uint32_t c = w->label[i];
        w->code[0][i] = draw_group(w, c, rng);
        const double spread = l->spread[w->code[0][i]] * w->effect[c];
        for (size_t d = 0; d < l->dim; d++) {
            const double shift = !d && w->code[0][i] ? l->shift : 0;
            const double x = w->centre[c * l->dim + d] + shift + spread * fdml_rng_normal(rng);
            w->x[i * l->dim + d] =
                (float)(x + l->own[0] * (l->has_other ? fdml_rng_normal(rng) : 0));
            if (w->y) w->y[i * l->dim + d] = (float)(x + l->own[1] * fdml_rng_normal(rng));
        }
    }
    draw_attributes(w, number);
}

static bool split_gallery(world *w)
{
    const size_t n_classes = w->law->n_classes;
    uint8_t *asks = push(w, w->n_rows, 1), *answers = push(w, w->n_rows, 1);
    size_t *seen = fdml_arena_push_zero(&w->arena, n_classes, sizeof *seen);
    if (!asks || !answers || !seen) return false;
    for (size_t i = 0; i < w->n_rows; i++) {
        answers[i] = seen[w->label[i]]++ < w->law->n_gallery;
        asks[i] = !answers[i];
    }
    w->problem.is_query = asks;
    w->problem.is_gallery = answers;
    return true;
}

static bool make_problem(world *w)
{
    const law *l = w->law;
    bool fits = make_factor(&w->label_factor, w, "label", w->label, l->n_classes);
    const size_t n_attributes = l->n_attributes ? l->n_attributes : 1;
    for (size_t a = 0; a < n_attributes; a++)
        fits = fits && make_factor(&w->attribute[a], w, attribute_name[a], w->code[a],
                                   a ? 2 : l->n_groups);
    w->problem = (fdml_problem){ .x = w->x,
                                 .n_rows = w->n_rows,
                                 .dim = l->dim,
                                 .distance = l->distance,
                                 .label = &w->label_factor,
                                 .attributes = w->attribute,
                                 .n_attributes = n_attributes };
    return fits && (!l->n_gallery || split_gallery(w));
}

static void make_settings(world *w, uint32_t number)
{
    w->machine = (fdml_machine){ .kernels = fdml_kernels_best(), .n_threads = 1 };
    w->settings = (fdml_audit_settings){ .reference = "overall",
                                         .confidence = 0.95,
                                         .seed = number,
                                         .alignment_power = 2,
                                         .kmeans_iterations = 20,
                                         .kmeans_redo = 1 };
    if (!w->y) return;
    w->other = (fdml_audit_other){ w->y, w->law->dim, "other" };
    w->settings.other = &w->other;
}

bool world_open(world *w, const law *l, uint32_t number)
{
    *w = (world){ .law = l };
    fdml_arena_init(&w->arena, 0);
    size_t *size = push(w, l->n_classes, sizeof *size);
    w->centre = push(w, l->n_classes * l->dim, sizeof *w->centre);
    w->effect = push(w, l->n_classes, sizeof *w->effect);
    if (!size || !w->centre || !w->effect) return false;
    w->n_rows = draw_classes(size, w, number);
    w->x = push(w, w->n_rows * l->dim, sizeof *w->x);
    if (l->has_other) w->y = push(w, w->n_rows * l->dim, sizeof *w->y);
    w->label = push(w, w->n_rows, sizeof *w->label);
    bool fits = w->x && w->label && (w->y || !l->has_other);
    for (size_t a = 0; a < MOST_ATTRIBUTES; a++) {
        w->code[a] = push(w, w->n_rows, sizeof *w->code[a]);
        fits = fits && w->code[a];
    }
    if (!fits) return false;
    fdml_rng rng;
    fdml_rng_init(&rng, SEED, STREAM_ROWS, number);
    draw_labels(w, size, &rng);
    if (!make_problem(w)) return false;
    draw_rows(w, number, &rng);
    make_settings(w, number);
    return true;
}

void world_close(world *w)
{
    fdml_arena_close(&w->arena);
}
