/* sampler_draw.c - the batch of a step. See sampler.h.
 *
 * Draws without repetition shuffle a copy of the rows as far as they go (Fisher and Yates),
 * which lasts the batch. Decks, which outlast it, are shuffled anew from their own stream
 * wherever a step needs one: that costs a shuffle, and no state.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/rng.h"
#include "train/sampler_state.h"
#include "train/stream.h"

/* Indices of FDML_TRAIN_SAMPLE: time is the step, or the number of the deck. */
enum { INDEX_STEP, INDEX_DECK, INDEX_CLASS_DECK /* and on, by class */ };

typedef struct draw {
    const fdml_sampler *s;
    uint64_t step;
    fdml_rng rng;
    uint32_t *order; /* [n_rows] copy of the sampler's, or a deck */
    size_t *n_taken; /* [n_cells] from the front of each cell of it */
    uint32_t *list;  /* [n_cells] being drawn from: classes, or cells of one */
    uint32_t *class; /* [n_draws] */
    uint32_t *row;   /* [batch] */
} draw;

/* The first n of list[0..n_list) become n of them by lot. */
static void shuffle_first(fdml_rng *rng, uint32_t *list, size_t n_list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const size_t j = i + fdml_rng_below(rng, (uint32_t)(n_list - i));
        const uint32_t item = list[i];
        list[i] = list[j], list[j] = item;
    }
}

/* Deck number `time`: 0..n-1 in a random order. */
static void shuffle_deck(uint32_t *deck, size_t n, uint64_t seed, uint64_t time, uint32_t index)
{
    fdml_rng rng;
    fdml_rng_init(&rng, seed, fdml_train_stream(FDML_TRAIN_SAMPLE, time), index);
    for (size_t i = 0; i < n; i++) deck[i] = (uint32_t)i;
    fdml_rng_shuffle(&rng, deck, (uint32_t)n);
}

static void draw_random(draw *d)
{
    const fdml_sampler *s = d->s;
    const size_t steps = fdml_sampler_epoch_steps(s), batch = s->options.batch;
    const size_t at = (size_t)(d->step % steps) * batch;
    shuffle_deck(d->order, s->n_rows, s->options.seed, d->step / steps, INDEX_DECK);
    for (size_t i = 0; i < batch; i++) d->row[i] = d->order[(at + i) % s->n_rows];
}

/* n classes of a group into class[0..n). */
static void pick_in_group(draw *d, uint32_t *class, size_t group, size_t n)
{
    const fdml_sampler *s = d->s;
    const uint32_t *member = s->group_class + s->group_first[group];
    const size_t n_members = s->group_first[group + 1] - s->group_first[group];
    if (!s->options.distinct_classes) {
        for (size_t i = 0; i < n; i++)
            class[i] = member[fdml_rng_below(&d->rng, (uint32_t)n_members)];
        return;
    }
    memcpy(d->list, member, n_members * sizeof *member);
    shuffle_first(&d->rng, d->list, n_members, n);
    memcpy(class, d->list, n * sizeof *class);
}

/* The draws of classes, shared out equally among the groups of classes; groups that give one
 * more are drawn by lot. */
static void pick_classes(draw *d)
{
    const fdml_sampler *s = d->s;
    const size_t n_more = s->n_draws % s->n_groups;
    size_t *share = d->n_taken; /* both lists are free until rows are drawn */
    uint32_t *lot = d->order, *class = d->class;
    for (size_t g = 0; g < s->n_groups; g++) {
        lot[g] = (uint32_t)g;
        share[g] = s->n_draws / s->n_groups;
    }
    shuffle_first(&d->rng, lot, s->n_groups, n_more);
    for (size_t i = 0; i < n_more; i++) share[lot[i]]++;
    for (size_t g = 0; g < s->n_groups; class += share[g++])
        pick_in_group(d, class, g, share[g]);
}

/* Classes are dealt, and so are the rows of each. A class with enough rows leaves out those
 * that its deck has beyond the last whole draw, so that no draw takes from two decks. */
static void draw_dealt(draw *d)
{
    const fdml_sampler *s = d->s;
    const size_t n_classes = s->counts.n_classes, m = s->options.per_class;
    uint32_t *row = d->row;
    for (size_t i = 0; i < s->n_draws; i++, row += m) {
        const uint64_t dealt = d->step * s->n_draws + i, visit = dealt / n_classes;
        if (!i || dealt % n_classes == 0)
            shuffle_deck(d->list, n_classes, s->options.seed, visit, INDEX_DECK);
        const uint32_t c = d->list[dealt % n_classes];
        const size_t first = s->cell_first[c], n = s->cell_first[c + 1] - first;
        const size_t visits = n < m ? 1 : n / m, at = (size_t)(visit % visits) * m;
        shuffle_deck(d->order, n, s->options.seed, visit / visits, INDEX_CLASS_DECK + c);
        for (size_t j = 0; j < m; j++) row[j] = s->order[first + d->order[(at + j) % n]];
    }
}

/* n rows of a cell, which begins anew once all of it is taken. */
static uint32_t *take(draw *d, uint32_t *row, size_t cell, size_t n)
{
    const size_t size = d->s->cell_first[cell + 1] - d->s->cell_first[cell];
    uint32_t *member = d->order + d->s->cell_first[cell];
    for (; n > 0; n--) {
        size_t *n_taken = &d->n_taken[cell];
        if (*n_taken == size) *n_taken = 0;
        shuffle_first(&d->rng, member + *n_taken, size - *n_taken, 1);
        *row++ = member[(*n_taken)++];
    }
    return row;
}

/* Rows of a class, shared out equally among its cells; those that give one more are drawn by
 * lot. With one cell that is the class itself. */
static uint32_t *take_of_class(draw *d, uint32_t *row, uint32_t class)
{
    const size_t from = d->s->class_cell[class], n = d->s->class_cell[class + 1] - from;
    const size_t each = d->s->options.per_class / n, n_more = d->s->options.per_class % n;
    for (size_t i = 0; i < n; i++) {
        row = take(d, row, from + i, each);
        d->list[i] = (uint32_t)i;
    }
    if (n_more) shuffle_first(&d->rng, d->list, n, n_more);
    for (size_t i = 0; i < n_more; i++) row = take(d, row, from + d->list[i], 1);
    return row;
}

static void draw_classes(draw *d)
{
    const fdml_sampler *s = d->s;
    uint32_t *row = d->row;
    fdml_rng_init(&d->rng, s->options.seed, fdml_train_stream(FDML_TRAIN_SAMPLE, d->step),
                  INDEX_STEP);
    pick_classes(d);
    memcpy(d->order, s->order, s->n_rows * sizeof *d->order);
    memset(d->n_taken, 0, s->n_cells * sizeof *d->n_taken);
    for (size_t i = 0; i < s->n_draws; i++) row = take_of_class(d, row, d->class[i]);
}

fdml_status fdml_sampler_draw(const fdml_sampler *s, uint64_t step, uint32_t *row,
                              fdml_arena *work, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    draw d = { .s = s, .step = step, .row = row };
    d.order = fdml_arena_push(work, s->n_rows, sizeof *d.order);
    d.n_taken = fdml_arena_push(work, s->n_cells, sizeof *d.n_taken);
    d.list = fdml_arena_push(work, s->n_cells, sizeof *d.list); /* classes are no more */
    d.class = fdml_arena_push(work, s->n_draws, sizeof *d.class);
    const bool fits = d.order && d.n_taken && d.list && d.class;
    if (fits && s->options.kind == FDML_SAMPLER_RANDOM)
        draw_random(&d);
    else if (fits && s->options.kind == FDML_SAMPLER_CLASS_BALANCED)
        draw_dealt(&d);
    else if (fits)
        draw_classes(&d);
    fdml_arena_reset(work, mark);
    if (fits) return FDML_OK;
    return fdml_fail(err, FDML_E_NOMEM, "no memory to draw %zu of %zu rows", s->options.batch,
                     s->n_rows);
}
