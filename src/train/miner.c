/* miner.c - the miners of fdml_miner_kind. "Any" is a uniform draw; D the distance.
 *
 * For each anchor that has positives and negatives, one triplet unless said otherwise:
 *   random         any positive, any negative
 *   semihard       any positive p, any negative with D(a,p) < D(a,n) < D(a,p) + margin (Schroff
 *                  et al. 2015); where there is none, any negative
 *   softhard       any of the positives that are farther than the nearest negative, any of the
 *                  negatives that are nearer than the farthest positive (Roth et al. 2020);
 *                  where there is none, any
 *   distance       any positive, a negative by distance weights (miner_distance.c)
 *   rho_distance   with probability rho_positive the anchor itself as positive and any positive
 *                  as negative, which pushes a class apart; else as distance (Roth et al. 2020,
 *                  "rho regularisation")
 *   batch_hard     the farthest positive, the nearest negative (Hermans, Beyer and Leibe 2017);
 *                  of equals the first
 *   npair          for each class one anchor and one positive; its negatives are the positives
 *                  of the other classes (Sohn 2016), where the anchor may have any of them only
 *                  those
 *   all            every triplet there is: of n rows up to n^3 / 4, and 12 bytes each
 *
 * An anchor draws from a stream of its own, so that its draws do not depend on other rows.
 *
 * SPDX-License-Identifier: MIT */
#include "train/miner.h"

#include <string.h>

#include "base/option.h"

static const char *const miner_names[FDML_MINER_COUNT] = {
    [FDML_MINER_DEFAULT] = "default",
    [FDML_MINER_RANDOM] = "random",
    [FDML_MINER_SEMIHARD] = "semihard",
    [FDML_MINER_SOFTHARD] = "softhard",
    [FDML_MINER_DISTANCE] = "distance",
    [FDML_MINER_RHO_DISTANCE] = "rho_distance",
    [FDML_MINER_BATCH_HARD] = "batch_hard",
    [FDML_MINER_NPAIR] = "npair",
    [FDML_MINER_ALL] = "all",
};

const fdml_miner_options fdml_miner_defaults = {
    .kind = FDML_MINER_DEFAULT, .distance_cutoff = 0.5f, .rho_positive = 0.2f, .margin = 0.2f
};

const char *fdml_miner_name(fdml_miner_kind kind)
{
    return miner_names[kind];
}

static const char *candidate(const void *ctx, size_t i)
{
    (void)ctx;
    return i < FDML_MINER_COUNT ? miner_names[i] : NULL;
}

fdml_status fdml_miner_parse(fdml_miner_kind *kind, const char *name, fdml_error *err)
{
    for (size_t i = 0; i < FDML_MINER_COUNT; i++)
        if (!strcmp(name, miner_names[i])) {
            *kind = (fdml_miner_kind)i;
            return FDML_OK;
        }
    const char *near = fdml_option_nearest(name, candidate, NULL);
    return fdml_fail(err, FDML_E_ARG, "miner '%s' is unknown%s%s%s", name,
                     near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

typedef struct mining {
    const fdml_loss_call *call;
    size_t a;
    const unsigned char *positive, *negative; /* of a */
    fdml_rng rng;
    unsigned char *mask; /* [n] */
    fdml_mine_weights weights;
    fdml_tuple *tuple;
    size_t n_tuples;
} mining;

static size_t count(const unsigned char *mask, size_t n)
{
    size_t some = 0;
    for (size_t j = 0; j < n; j++) some += mask[j];
    return some;
}

uint32_t fdml_mine_any(const unsigned char *mask, size_t n, fdml_rng *rng)
{
    uint32_t left = fdml_rng_below(rng, (uint32_t)count(mask, n));
    size_t j = 0;
    while (!mask[j] || left-- > 0) j++;
    return (uint32_t)j;
}

static void push(mining *m, uint32_t p, uint32_t n)
{
    m->tuple[m->n_tuples++] = (fdml_tuple){ (uint32_t)m->a, p, n };
}

/* Any of the rows of `from` with low < D(a, row) < high; where there is none, any of `from`. */
static uint32_t any_between(mining *m, const unsigned char *from, double low, double high)
{
    const size_t n = m->call->n;
    for (size_t j = 0; j < n; j++) {
        const double d = fdml_loss_dist(m->call, m->a, j);
        m->mask[j] = from[j] && d > low && d < high;
    }
    return fdml_mine_any(count(m->mask, n) ? m->mask : from, n, &m->rng);
}

/* The nearest (sign 1) or farthest (-1) of `from`; the first of equals. */
static uint32_t extreme(const mining *m, const unsigned char *from, double sign)
{
    size_t best = m->call->n;
    for (size_t j = 0; j < m->call->n; j++)
        if (from[j] && (best == m->call->n || sign * fdml_loss_sqdist(m->call, m->a, j) <
                                                  sign * fdml_loss_sqdist(m->call, m->a, best)))
            best = j;
    return (uint32_t)best;
}

static void mine_random(mining *m)
{
    const uint32_t p = fdml_mine_any(m->positive, m->call->n, &m->rng);
    push(m, p, fdml_mine_any(m->negative, m->call->n, &m->rng));
}

static void mine_semihard(mining *m)
{
    const uint32_t p = fdml_mine_any(m->positive, m->call->n, &m->rng);
    const double d = fdml_loss_dist(m->call, m->a, p);
    const double margin = (double)m->call->objective->options.miner.margin;
    push(m, p, any_between(m, m->negative, d, d + margin));
}

static void mine_softhard(mining *m)
{
    const double nearest = fdml_loss_dist(m->call, m->a, extreme(m, m->negative, 1));
    const double farthest = fdml_loss_dist(m->call, m->a, extreme(m, m->positive, -1));
    const uint32_t p = any_between(m, m->positive, nearest, INFINITY);
    push(m, p, any_between(m, m->negative, -INFINITY, farthest));
}

static void mine_distance(mining *m)
{
    const uint32_t p = fdml_mine_any(m->positive, m->call->n, &m->rng);
    push(m, p, fdml_mine_by_distance(m->call, m->a, &m->rng, &m->weights));
}

static void mine_rho_distance(mining *m)
{
    const double rho = (double)m->call->objective->options.miner.rho_positive;
    if (fdml_rng_double(&m->rng) < rho)
        push(m, (uint32_t)m->a, fdml_mine_any(m->positive, m->call->n, &m->rng));
    else
        mine_distance(m);
}

static void mine_batch_hard(mining *m)
{
    push(m, extreme(m, m->positive, -1), extreme(m, m->negative, 1));
}

static void mine_all(mining *m)
{
    for (size_t p = 0; p < m->call->n; p++)
        for (size_t n = 0; m->positive[p] && n < m->call->n; n++)
            if (m->negative[n]) push(m, (uint32_t)p, (uint32_t)n);
}

static void begin_anchor(mining *m, size_t a)
{
    m->a = a;
    m->positive = m->call->positive + a * m->call->n;
    m->negative = m->call->negative + a * m->call->n;
    fdml_loss_draw(&m->rng, m->call, (uint32_t)a);
}

/* One pair for each class: chosen[a] = 1 + its positive. The class draws from the stream of its
 * first row. */
static void choose_pairs(mining *m, uint32_t *chosen)
{
    const fdml_loss_call *call = m->call;
    const uint32_t *label = call->batch->label;
    const size_t n = call->n;
    for (size_t i = 0; i < n; i++) chosen[i] = 0;
    for (size_t i = 0; i < n; i++) {
        bool is_first = true;
        for (size_t j = 0; j < i && is_first; j++) is_first = label[j] != label[i];
        if (!is_first || !count(call->positive + i * n, n)) continue;
        begin_anchor(m, i);
        for (size_t j = 0; j < n; j++) m->mask[j] = label[j] == label[i];
        const uint32_t a = fdml_mine_any(m->mask, n, &m->rng);
        chosen[a] = 1 + fdml_mine_any(call->positive + a * n, n, &m->rng);
    }
}

static void mine_npair(mining *m, uint32_t *chosen)
{
    const size_t n = m->call->n;
    choose_pairs(m, chosen);
    for (size_t a = 0; a < n; a++) {
        if (!chosen[a]) continue;
        begin_anchor(m, a);
        for (size_t j = 0; j < n; j++) m->mask[j] = 0;
        for (size_t j = 0; j < n; j++)
            if (j != a && chosen[j]) m->mask[chosen[j] - 1] = 1;
        bool may_any = false;
        for (size_t j = 0; j < n && !may_any; j++) may_any = m->mask[j] && m->negative[j];
        for (size_t j = 0; j < n; j++)
            if (m->mask[j] && (!may_any || m->negative[j])) push(m, chosen[a] - 1, (uint32_t)j);
    }
}

static size_t most_tuples(const fdml_loss_call *call, fdml_miner_kind kind)
{
    const size_t n = call->n;
    if (kind != FDML_MINER_ALL) return kind == FDML_MINER_NPAIR ? n * n : n;
    size_t sum = 0;
    for (size_t a = 0; a < n; a++)
        sum += count(call->positive + a * n, n) * count(call->negative + a * n, n);
    return sum;
}

fdml_status fdml_mine(fdml_loss_call *call, fdml_error *err)
{
    static void (*const miners[FDML_MINER_COUNT])(mining *) = {
        [FDML_MINER_RANDOM] = mine_random,
        [FDML_MINER_SEMIHARD] = mine_semihard,
        [FDML_MINER_SOFTHARD] = mine_softhard,
        [FDML_MINER_DISTANCE] = mine_distance,
        [FDML_MINER_RHO_DISTANCE] = mine_rho_distance,
        [FDML_MINER_BATCH_HARD] = mine_batch_hard,
        [FDML_MINER_ALL] = mine_all,
    };
    const fdml_miner_kind kind = call->objective->options.miner.kind;
    const size_t n = call->n;
    mining m = { .call = call };
    uint32_t *chosen;
    FDML_TRY(fdml_loss_scratch(&m.tuple, call, most_tuples(call, kind), sizeof *m.tuple, err));
    FDML_TRY(fdml_loss_scratch(&m.mask, call, n, 1, err));
    FDML_TRY(fdml_loss_scratch(&m.weights.value, call, 2 * n, sizeof *m.weights.value, err));
    FDML_TRY(fdml_loss_scratch(&m.weights.weight, call, n, sizeof *m.weights.weight, err));
    FDML_TRY(fdml_loss_scratch(&chosen, call, n, sizeof *chosen, err));
    if (kind == FDML_MINER_NPAIR) {
        mine_npair(&m, chosen);
    } else {
        for (size_t a = 0; a < n; a++) {
            begin_anchor(&m, a);
            if (count(m.positive, n) && count(m.negative, n)) miners[kind](&m);
        }
    }
    call->tuple = m.tuple;
    call->n_tuples = call->result.n_tuples = m.n_tuples;
    return FDML_OK;
}
