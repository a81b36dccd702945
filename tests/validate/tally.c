/* tally.c - from the notes of many worlds to shares and verdicts. See study.h.
 *
 * The short form has too few worlds to tell 93% from 95%. It fails where the count is so far
 * out that a share at the edge of the band would go as far once in 10,000 times: with X
 * binomial of n worlds and the edge's share p, where P(X <= count) or P(X >= count) is below
 * 1e-4. Worlds follow from the seed, so a run that passed passes everywhere.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study.h"

static note *append(notes *n, note_kind kind, const char *what, const char *which)
{
    static note beyond;
    if (n->n >= MOST_NOTES) {
        fprintf(stderr, "validate: more than %d numbers of a world\n", MOST_NOTES);
        return &beyond;
    }
    note *last = &n->note[n->n++];
    *last = (note){ .kind = kind,
                    .is_promised = true,
                    .value = NAN,
                    .lo = NAN,
                    .hi = NAN,
                    .p = NAN,
                    .truth = NAN };
    snprintf(last->what, sizeof last->what, "%s %s", what, which);
    return last;
}

void note_interval(notes *n, const char *what, const char *which, const fdml_estimate *e,
                   double truth)
{
    note *last = append(n, COVERS, what, which);
    last->value = e->value;
    last->lo = e->lo;
    last->hi = e->hi;
    last->truth = truth;
}

void note_shown(notes *n, const char *what, const char *which, const fdml_estimate *e,
                double truth)
{
    note_interval(n, what, which, e, truth);
    note_unpromised(n);
}

void note_unpromised(notes *n)
{
    n->note[n->n - 1].is_promised = false;
}

void note_ratio(notes *n, const char *what, const char *which, const fdml_estimate *e,
                size_t above, size_t below)
{
    note_interval(n, what, which, e, NAN);
    note *last = &n->note[n->n - 1];
    last->is_ratio = true;
    last->above = above;
    last->below = below;
}

void note_test(notes *n, note_kind kind, const char *what, const char *which, double p)
{
    append(n, kind, what, which)->p = p;
}

/* --- counting --------------------------------------------------------------------------- */

static double mean_of(const notes *worlds, size_t n_worlds, size_t index)
{
    double sum = 0, n = 0;
    for (size_t w = 0; w < n_worlds; w++) {
        const double value = worlds[w].note[index].value;
        if (isnan(value)) continue;
        sum += value;
        n++;
    }
    return sum / n;
}

static void moments(tally *t, const notes *worlds, size_t n_worlds, size_t index)
{
    double sum = 0, square = 0, width = 0, n = 0;
    for (size_t w = 0; w < n_worlds; w++) {
        const note *seen = &worlds[w].note[index];
        if (isnan(seen->value)) continue;
        sum += seen->value;
        width += seen->hi - seen->lo;
        n++;
    }
    t->mean = sum / n;
    t->width = width / n;
    for (size_t w = 0; w < n_worlds; w++) {
        const double value = worlds[w].note[index].value;
        if (!isnan(value)) square += (value - t->mean) * (value - t->mean);
    }
    t->deviation = sqrt(square / (n - 1));
}

void tally_notes(tally *t, const notes *worlds, size_t n_worlds, size_t index)
{
    const note *first = &worlds[0].note[index];
    *t = (tally){ .kind = first->kind,
                  .is_promised = first->is_promised,
                  .n_worlds = n_worlds,
                  .truth = NAN };
    memcpy(t->what, first->what, sizeof t->what);
    if (t->kind == COVERS) moments(t, worlds, n_worlds, index);
    double common = t->mean;
    if (first->is_ratio)
        common =
            mean_of(worlds, n_worlds, first->above) / mean_of(worlds, n_worlds, first->below);
    if (t->kind == COVERS) t->truth = isnan(first->truth) ? common : first->truth;
    for (size_t w = 0; w < n_worlds; w++) {
        const note *seen = &worlds[w].note[index];
        const double truth = isnan(seen->truth) ? common : seen->truth;
        if (t->kind == COVERS ? isnan(seen->lo) : isnan(seen->p)) continue;
        t->n_given++;
        t->n_hits +=
            t->kind == COVERS ? seen->lo <= truth && truth <= seen->hi : seen->p <= .05;
    }
}

double tally_share(const tally *t)
{
    return (double)t->n_hits / (double)t->n_given;
}

double tally_error(const tally *t)
{
    const double share = tally_share(t);
    return sqrt(share * (1 - share) / (double)t->n_given);
}

/* --- verdicts --------------------------------------------------------------------------- */

static const struct {
    double least, most;
} band[] = {
    [COVERS] = { .93, .97 }, [REJECTS] = { .04, .06 }, [CAREFUL] = { 0, .06 },
    [FAMILY] = { 0, .05 },   [FINDS] = { .8, 1 },      [DETECTS] = { .75, .85 },
};

/* A number that is not always given is none that was checked; one world in a hundred may have
 * other groups farthest apart than those whose gap is looked at. */
static bool is_given(const tally *t)
{
    return t->n_given > 0 && 100 * (t->n_worlds - t->n_given) <= t->n_worlds;
}

bool tally_holds(const tally *t)
{
    const double share = tally_share(t);
    return is_given(t) && share >= band[t->kind].least && share <= band[t->kind].most;
}

/* P(X <= k) of n draws with probability p. */
static double binomial_tail(size_t k, size_t n, double p)
{
    double sum = 0;
    for (size_t i = 0; i <= k; i++)
        sum += exp(lgamma((double)n + 1) - lgamma((double)i + 1) - lgamma((double)(n - i) + 1) +
                   (double)i * log(p) + (double)(n - i) * log1p(-p));
    return sum;
}

bool tally_may_hold(const tally *t)
{
    const double rare = 1e-4, least = band[t->kind].least, most = band[t->kind].most;
    const size_t n = t->n_given, k = t->n_hits;
    if (!is_given(t)) return false;
    if (least > 0 && binomial_tail(k, n, least) < rare) return false;
    return most == 1 || binomial_tail(n - k, n, 1 - most) >= rare;
}
