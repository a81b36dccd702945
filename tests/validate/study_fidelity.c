/* study_fidelity.c - fidelity of explanations: values of groups, how far a group is behind the
 * average, gaps, their tests, and one explanation less another.
 *
 * All truths are those of the law (fidelity_world.h). Intervals draw rows within each group,
 * and so do worlds.
 *
 * A gap is the largest or an absolute difference. Where groups are some three standard errors
 * apart and more, and it is clear which ones, its interval is one of a difference, and holds
 * the true gap. Where they are alike, or many, chance makes a gap larger than the true one in
 * the data and, once more, in replicates of the data: its interval is shown, and nothing is
 * promised.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "study.h"

enum { M = FDML_FIDELITIES, K = FDML_FIDELITY_GAPS };
enum { FEW = 50 }; /* rows, of which AUROC may be too skewed: 35 rows and .89 give 93% */

/* --- what is noted ---------------------------------------------------------------------- */

/* "group 2", and what is said of it. */
static const char *name_group(char *name, size_t size, size_t group, const char *of)
{
    snprintf(name, size, "group %zu%s", group + 1, of);
    return name;
}

static void note_values(notes *n, const fidelity_outcome *o)
{
    const fdml_fidelity *f = &o->measured;
    const true_fidelity *truth = &o->truth[0];
    char name[48];
    for (size_t k = 0; k < M; k++) {
        const char *what = fdml_fidelity_name[k];
        note_interval(n, what, "overall", &f->overall[k].e, truth->value[f->n_groups][k]);
        for (size_t g = 0; g < f->n_groups; g++) {
            const bool is_skewed = k == FDML_FIDELITY_AUROC && f->n_rows[g] < FEW;
            note_interval(n, what, name_group(name, sizeof name, g, ""),
                          &f->of_group[g * M + k].e, truth->value[g][k]);
            if (is_skewed) note_unpromised(n);
            note_interval(n, what, name_group(name, sizeof name, g, " behind"),
                          &f->behind[g * M + k].e, truth->behind[g][k]);
            if (is_skewed) note_unpromised(n);
        }
    }
}

static void note_gaps(notes *n, const fidelity_outcome *o)
{
    for (size_t i = 0; i < M * K; i++)
        note_interval(n, fdml_fidelity_name[i / K], fdml_fidelity_gap_name[i % K],
                      &o->measured.gap[i / K][i % K].e, o->truth[0].gap[i / K][i % K]);
}

/* Notes from `first` on are shown only. */
static void show_from(notes *n, size_t first)
{
    for (size_t i = first; i < n->n; i++) n->note[i].is_promised = false;
}

/* Accuracy counts rows, so that many permutations, or exchanges, are equal and p is large:
 * exactly 3.9% and 4.1% of p are at most 5% in the two groups below, and 2.9% to 3.7% in the
 * two explanations, by summing the hypergeometric and the sign test's binomial. */
static note_kind null_of(size_t measure)
{
    return measure == FDML_FIDELITY_ACCURACY ? CAREFUL : REJECTS;
}

static void note_tests(notes *n, const fidelity_outcome *o, bool is_null)
{
    for (size_t i = 0; i < M * K; i++)
        note_test(n, is_null ? null_of(i / K) : FINDS, fdml_fidelity_name[i / K],
                  fdml_fidelity_gap_name[i % K], o->measured.gap[i / K][i % K].p);
}

static void note_apart(notes *n, const fidelity_outcome *o)
{
    note_values(n, o);
    note_gaps(n, o);
    note_tests(n, o, false);
}

/* Strata so far apart that the overall value varies much less than if rows were drawn from all
 * of them. AUROC, of groups this small, is not as far. */
static void note_far(notes *n, const fidelity_outcome *o)
{
    note_values(n, o);
    note_gaps(n, o);
    for (size_t k = 0; k < K; k++)
        n->note[n->n - M * K + FDML_FIDELITY_AUROC * K + k].is_promised = false;
}

/* Some groups are small: how often their gaps are found is shown. */
static void note_many(notes *n, const fidelity_outcome *o)
{
    note_values(n, o);
    const size_t first = n->n;
    note_gaps(n, o);
    note_tests(n, o, false);
    show_from(n, first);
}

static void note_null(notes *n, const fidelity_outcome *o)
{
    note_tests(n, o, true);
}

static void note_alike(notes *n, const fidelity_outcome *o)
{
    double least = 1;
    note_values(n, o);
    const size_t first = n->n;
    note_gaps(n, o);
    show_from(n, first);
    note_tests(n, o, true);
    for (size_t i = 0; i < M * K; i++)
        least = fmin(least, o->measured.gap[i / K][i % K].p_holm);
    note_test(n, FAMILY, "any true null, by Holm", "", least);
}

/* --- one explanation less another ------------------------------------------------------- */

/* The i-th of all numbers of a change: overall, by group, gaps; its name and its truth. */
typedef struct compared {
    const fdml_fidelity_difference *difference;
    const char *what;
    char which[32];
    double truth;
} compared;

/* Values come first, then gaps. */
static size_t count_values(const fidelity_outcome *o)
{
    return (1 + o->change.n_groups) * M;
}

static size_t count_numbers(const fidelity_outcome *o)
{
    return count_values(o) + K * M;
}

static compared number_of(const fidelity_outcome *o, size_t i)
{
    const fdml_fidelity_change *c = &o->change;
    const true_fidelity *a = &o->truth[0], *b = &o->truth[1];
    const size_t place = i / M, k = i % M, n_groups = c->n_groups;
    compared x = { .what = fdml_fidelity_name[k] };
    if (place == 0) {
        x.difference = &c->overall[k];
        snprintf(x.which, sizeof x.which, "overall");
        x.truth = a->value[n_groups][k] - b->value[n_groups][k];
    } else if (place <= n_groups) {
        const size_t g = place - 1;
        x.difference = &c->of_group[g * M + k];
        name_group(x.which, sizeof x.which, g, "");
        x.truth = a->value[g][k] - b->value[g][k];
    } else {
        const size_t gap = place - n_groups - 1;
        x.difference = &c->gap[k][gap];
        snprintf(x.which, sizeof x.which, "%s", fdml_fidelity_gap_name[gap]);
        x.truth = a->gap[k][gap] - b->gap[k][gap];
    }
    return x;
}

static void note_p(notes *n, const fidelity_outcome *o, size_t i, note_kind kind)
{
    const compared x = number_of(o, i);
    note_test(n, kind, x.what, x.which, x.difference->p);
}

static void note_changes(notes *n, const fidelity_outcome *o)
{
    for (size_t i = 0; i < count_numbers(o); i++) {
        const compared x = number_of(o, i);
        note_interval(n, x.what, x.which, &x.difference->e, x.truth);
    }
}

/* Gaps are two standard errors from 0. Of groups, whose rows are fewer, how often they find
 * the difference is shown. */
static void note_better(notes *n, const fidelity_outcome *o)
{
    note_changes(n, o);
    show_from(n, count_values(o));
    for (size_t i = 0; i < count_values(o); i++) note_p(n, o, i, FINDS);
    show_from(n, count_numbers(o) + M);
}

/* The first group is served alike by both. The second's differences are three standard errors
 * from 0 and more; those of all rows and of gaps are less. */
static void note_wider(notes *n, const fidelity_outcome *o)
{
    note_changes(n, o);
    for (size_t i = 0; i < count_numbers(o); i++) {
        const bool is_first = i / M == 1, is_second = i / M == 2;
        note_p(n, o, i, is_first ? null_of(i % M) : FINDS);
        if (!is_first && !is_second) note_unpromised(n);
    }
}

static void note_exchanged(notes *n, const fidelity_outcome *o)
{
    for (size_t i = 0; i < count_numbers(o); i++) note_p(n, o, i, null_of(i % M));
}

static void note_exchangeable(notes *n, const fidelity_outcome *o)
{
    double least = 1;
    note_changes(n, o);
    show_from(n, count_values(o));
    note_exchanged(n, o);
    for (size_t i = 0; i < count_numbers(o); i++)
        least = fmin(least, number_of(o, i).difference->p_holm);
    note_test(n, FAMILY, "any true null, by Holm", "", least);
}

/* --- a world ---------------------------------------------------------------------------- */

bool run_fidelity(notes *n, const study *s, uint32_t number)
{
    const fdml_fidelity_options options = { .n_bootstrap = s->n_bootstrap,
                                            .n_permutations = s->n_permutations,
                                            .confidence = .95,
                                            .seed = number,
                                            .n_threads = 1 };
    fidelity_outcome o;
    fidelity_world w;
    fdml_error err = { 0 };
    fdml_status status = FDML_E_NOMEM;
    if (!fidelity_world_open(&w, &s->fidelity, number)) goto close;
    for (size_t side = 0; side < s->fidelity.n_sides; side++)
        true_fidelity_of(&o.truth[side], &s->fidelity, side);
    if (s->fidelity.n_sides == 1)
        status = fdml_fidelity_measure(&o.measured, &w.side[0], &options, &w.arena, &err);
    else
        status =
            fdml_fidelity_compare(&o.change, &w.side[0], &w.side[1], &options, &w.arena, &err);
    if (!status) s->note_fidelity(n, &o);
close:
    if (status) fprintf(stderr, "validate: %s: world %u: %s\n", s->name, number, err.text);
    fidelity_world_close(&w);
    return !status;
}

/* --- studies ---------------------------------------------------------------------------- */

enum { B = 199, P = 199 }; /* as in study_audit.c */

#define APART(first, last)                                                                     \
    .n_groups = 2, .size = { first, last }, .centre = { .3, 0 }, .n_sides = 1,                 \
    .side = { { .shift = { 0, -.4 }, .noise = { .4, 1.2 } } }
#define ALIKE(first, last, noise_)                                                             \
    {                                                                                          \
        .n_groups = 2, .size = { first, last }, .n_sides = 1,                                  \
        .side = { { .noise = { noise_, noise_ } } }, .n_seeds = 1                              \
    }
#define PAIR(first, last)                                                                      \
    .n_groups = 2, .size = { first, last }, .centre = { .3, 0 }, .n_sides = 2,                 \
    .side = { { .shift = { 0, -.4 }, .noise = { .5, 1 } },                                     \
              { .shift = { 0, -.4 }, .noise = { .5, 1 } } },                                   \
    .alike = .7

const study fidelity_studies[] = {
    { .name = "fidelity, two groups apart",
      .about = "300 and 150 rows.",
      .fidelity = { APART(300, 150), .n_seeds = 1 },
      .n_bootstrap = B,
      .n_permutations = P,
      .note_fidelity = note_apart,
      .n_short = 60 },
    { .name = "fidelity, two small groups far apart",
      .about = "60 and 40 rows.",
      .fidelity = { .n_groups = 2,
                    .size = { 60, 40 },
                    .centre = { 0, .5 },
                    .n_sides = 1,
                    .side = { { .shift = { 0, -2 }, .noise = { .5, 1 } } },
                    .n_seeds = 1 },
      .n_bootstrap = B,
      .note_fidelity = note_far,
      .n_short = 800 },
    { .name = "fidelity, two groups alike",
      .about = "300 and 150 rows.",
      .fidelity = ALIKE(300, 150, .7),
      .n_bootstrap = B,
      .n_permutations = 499,
      .note_fidelity = note_alike },
    { .name = "fidelity, two small groups alike",
      .about = "60 and 40 rows.",
      .fidelity = ALIKE(60, 40, .7),
      .n_permutations = P,
      .note_fidelity = note_null,
      .n_short = 400 },
    { .name = "fidelity, four groups apart",
      .about = "200, 100, 60 and 35 rows.",
      .fidelity = { .n_groups = 4,
                    .size = { 200, 100, 60, 35 },
                    .centre = { .3, .1, 0, -.2 },
                    .n_sides = 1,
                    .side = { { .shift = { 0, 0, -.2, -.5 }, .noise = { .4, .6, .8, 1.2 } } },
                    .n_seeds = 1 },
      .n_bootstrap = B,
      .n_permutations = P,
      .note_fidelity = note_many },
    { .name = "fidelity, four groups alike",
      .about = "200, 100, 60 and 35 rows.",
      .fidelity = { .n_groups = 4,
                    .size = { 200, 100, 60, 35 },
                    .n_sides = 1,
                    .side = { { .noise = { .7, .7, .7, .7 } } },
                    .n_seeds = 1 },
      .n_bootstrap = B,
      .n_permutations = 499,
      .note_fidelity = note_alike },
    { .name = "fidelity, three training seeds",
      .about = "300 and 150 rows, the same for all seeds.",
      .fidelity = { APART(300, 150), .n_seeds = 3, .drift = -.1, .alike = .9 },
      .n_bootstrap = B,
      .n_permutations = P,
      .note_fidelity = note_apart,
      .n_short = 40 },
    { .name = "fidelity, an explanation of few values",
      .about = "300 and 150 rows; as of a tree, most rows tie.",
      .fidelity = { APART(300, 150), .n_seeds = 1, .step = 1 },
      .n_bootstrap = B,
      .n_permutations = P,
      .note_fidelity = note_apart },
    { .name = "fidelity, groups of 20 rows",
      .about = "As two groups apart: fewer rows get no numbers, unless asked for.",
      .fidelity = { APART(20, 20), .n_seeds = 1 },
      .n_bootstrap = B,
      .n_permutations = P,
      .is_limit = true,
      .note_fidelity = note_apart },
    { .name = "fidelity, values of .95",
      .about = "2 groups of 100 rows, alike, of which 95 in 100 are right.",
      .fidelity = ALIKE(100, 100, .158),
      .n_bootstrap = B,
      .n_permutations = P,
      .is_limit = true,
      .note_fidelity = note_alike,
      .n_long = 2000 },
    { .name = "fidelity, values of .99",
      .about = "2 groups of 100 rows, alike, of which 99 in 100 are right.",
      .fidelity = ALIKE(100, 100, .03),
      .n_bootstrap = B,
      .n_permutations = P,
      .is_limit = true,
      .note_fidelity = note_alike,
      .n_long = 2000 },
    { .name = "fidelity, an explanation less a worse one",
      .about = "200 and 100 rows.",
      .fidelity = { .n_groups = 2,
                    .size = { 200, 100 },
                    .centre = { .3, 0 },
                    .n_sides = 2,
                    .side = { { .shift = { 0, -.2 }, .noise = { .3, .7 } },
                              { .shift = { -.2, -.6 }, .noise = { .6, 1.6 } } },
                    .n_seeds = 1,
                    .alike = .7 },
      .n_bootstrap = B,
      .n_permutations = P,
      .note_fidelity = note_better },
    { .name = "fidelity, an explanation less one with wider gaps",
      .about = "400 and 300 rows; the first group is served alike by both.",
      .fidelity = { .n_groups = 2,
                    .size = { 400, 300 },
                    .n_sides = 2,
                    .side = { { .shift = { 0, -.5 }, .noise = { .3, 1 } },
                              { .shift = { 0, -1 }, .noise = { .3, 1.8 } } },
                    .n_seeds = 1,
                    .alike = .7 },
      .n_bootstrap = B,
      .n_permutations = P,
      .note_fidelity = note_wider,
      .n_short = 40 },
    { .name = "fidelity, an explanation less one alike",
      .about = "200 and 100 rows; the second group is served worse by both.",
      .fidelity = { PAIR(200, 100), .n_seeds = 1 },
      .n_bootstrap = B,
      .n_permutations = 999,
      .note_fidelity = note_exchangeable },
    { .name = "fidelity, an explanation less one alike, three training seeds",
      .about = "200 and 100 rows, the same for all seeds.",
      .fidelity = { PAIR(200, 100), .n_seeds = 3 },
      .n_permutations = P,
      .note_fidelity = note_exchanged },
    { .name = "fidelity, an explanation less one alike, small groups",
      .about = "60 and 40 rows.",
      .fidelity = { PAIR(60, 40), .n_seeds = 1 },
      .n_permutations = P,
      .note_fidelity = note_exchanged,
      .n_short = 300 },
    { .name = 0 }
};
