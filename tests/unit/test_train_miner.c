/* test_train_miner.c - miners pick what their definitions say, with the weights they say.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "objective_case.h"
#include "train/loss.h"
#include "train/miner.h"

enum { N = 14, DIM = 5, CLASSES = 5 };
static const uint32_t labels[N] = { 0, 1, 2, 0, 1, 2, 0, 1, 0, 3, 1, 2, 0, 4 };
static const uint32_t attributes[N] = { 0, 1, 0, 1, 1, 0, 0, 0, 1, 2, 0, 1, 0, 1 };

/* A mined batch. */
typedef struct mined {
    objective_case c;
    fdml_loss_call call;
    fdml_objective_batch batch;
    float f[N * DIM];
} mined;

static void open_with(mined *m, const fdml_miner_options *miner)
{
    const fdml_objective_options options = {
        .name = "triplet", .dim = DIM, .n_classes = CLASSES, .seed = 3, .miner = *miner
    };
    objective_open(&m->c, &options);
    objective_rows(m->f, labels, N, DIM, true, 4);
    m->batch =
        (fdml_objective_batch){ .f = m->f, .n = N, .label = labels, .attribute = attributes };
}

static void open_kind(mined *m, fdml_miner_kind kind)
{
    fdml_miner_options miner = fdml_miner_defaults;
    miner.kind = kind;
    open_with(m, &miner);
}

/* The arena is kept until the end of the test. */
static void mine(mined *m, uint64_t step)
{
    fdml_error err;
    m->batch.step = step;
    m->call = (fdml_loss_call){ .objective = m->c.objective,
                                .batch = &m->batch,
                                .kernels = fdml_kernels_best(),
                                .n = m->batch.n,
                                .dim = m->c.objective->options.dim,
                                .work = &m->c.arena };
    cr_assert_eq(fdml_loss_prepare(&m->call, &err), FDML_OK);
    cr_assert_eq(fdml_mine(&m->call, &err), FDML_OK);
}

static double distance(const mined *m, size_t i, size_t j)
{
    double square = 0;
    for (size_t d = 0; d < m->call.dim; d++) {
        const double x = (double)m->batch.f[i * m->call.dim + d];
        const double y = (double)m->batch.f[j * m->call.dim + d];
        square += (x - y) * (x - y);
    }
    return sqrt(square);
}

static bool is_complete(size_t a) /* 9 and 13 are alone in their classes */
{
    return labels[a] < 3;
}

Test(train_miner, every_kind_takes_anchors_with_pairs_and_repeats_itself)
{
    for (int kind = FDML_MINER_RANDOM; kind < FDML_MINER_COUNT; kind++) {
        mined m;
        open_kind(&m, (fdml_miner_kind)kind);
        mine(&m, 8);
        const fdml_tuple *first = m.call.tuple;
        const size_t n = m.call.n_tuples;
        uint32_t seen = 0;
        for (size_t t = 0; t < n; t++) {
            const fdml_tuple *u = &first[t];
            const bool swapped = kind == FDML_MINER_RHO_DISTANCE && u->a == u->p;
            seen |= 1u << u->a;
            cr_expect(is_complete(u->a));
            cr_expect_eq(labels[u->p], labels[u->a]);
            cr_expect_eq(labels[u->n] == labels[u->a], swapped);
            cr_expect(u->p != u->a || swapped);
            cr_expect(t == 0 || first[t - 1].a <= u->a);
        }
        if (kind != FDML_MINER_NPAIR) cr_expect_eq(seen, 0x1dffu, "%x", seen);
        mine(&m, 8);
        cr_expect(m.call.n_tuples == n && !memcmp(m.call.tuple, first, n * sizeof *first));
        bool differs = false;
        for (uint64_t step = 9; step < 20 && !differs; step++) {
            mine(&m, step);
            differs =
                m.call.n_tuples != n || memcmp(m.call.tuple, first, n * sizeof *first) != 0;
        }
        cr_expect_eq(differs, kind != FDML_MINER_ALL && kind != FDML_MINER_BATCH_HARD, "%s",
                     fdml_miner_name((fdml_miner_kind)kind));
        objective_close(&m.c);
    }
}

Test(train_miner, heads_draw_apart)
{
    mined m;
    const fdml_tuple *of_head[3];
    open_kind(&m, FDML_MINER_RANDOM);
    for (uint32_t head = 0; head < 3; head++) {
        m.c.objective->options.head = head;
        mine(&m, 1);
        of_head[head] = m.call.tuple;
        for (uint32_t other = 0; other < head; other++)
            cr_expect_neq(
                memcmp(of_head[head], of_head[other], m.call.n_tuples * sizeof **of_head), 0);
    }
    objective_close(&m.c);
}

Test(train_miner, all_are_all)
{
    mined m;
    open_kind(&m, FDML_MINER_ALL);
    mine(&m, 0);
    /* classes of 5, 4 and 3 rows: n (n - 1) (14 - n) triplets */
    cr_assert_eq(m.call.n_tuples, 5u * 4 * 9 + 4 * 3 * 10 + 3 * 2 * 11);
    for (size_t t = 1; t < m.call.n_tuples; t++)
        cr_assert(memcmp(&m.call.tuple[t], &m.call.tuple[t - 1], sizeof(fdml_tuple)) != 0);
    objective_close(&m.c);
}

/* pytorch-metric-learning, tests/miners/test_batch_hard_miner.py: rows 0..8 on a line. */
Test(train_miner, batch_hard_is_that_of_pytorch_metric_learning)
{
    static const uint32_t line_label[9] = { 0, 0, 1, 1, 0, 2, 1, 1, 1 };
    static const uint32_t a[8] = { 0, 1, 2, 3, 4, 6, 7, 8 }, p[8] = { 4, 4, 8, 8, 0, 2, 2, 2 };
    static const uint32_t n[2][8] = { { 2, 2, 1, 4, 3, 5, 5, 5 }, { 2, 2, 1, 4, 5, 5, 5, 5 } };
    static const float f[9] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
    mined m;
    open_kind(&m, FDML_MINER_BATCH_HARD);
    m.batch = (fdml_objective_batch){ .f = f, .n = 9, .label = line_label };
    m.c.objective->options.dim = 1;
    mine(&m, 0);
    cr_assert_eq(m.call.n_tuples, 8u);
    for (size_t t = 0; t < 8; t++) {
        cr_expect_eq(m.call.tuple[t].a, a[t]);
        cr_expect_eq(m.call.tuple[t].p, p[t]);
        cr_expect(m.call.tuple[t].n == n[0][t] || m.call.tuple[t].n == n[1][t]);
    }
    objective_close(&m.c);
}

/* Counts, over steps, how often each row is taken: as negative of anchor 0, and as positive. */
typedef struct tally {
    size_t positive[N], negative[N];
} tally;

enum { STEPS = 400 };

Test(train_miner, semihard_negatives_lie_within_the_margin_where_there_are_any)
{
    mined m;
    tally count = { 0 };
    size_t n_within = 0, n_without = 0;
    open_kind(&m, FDML_MINER_SEMIHARD);
    for (uint64_t step = 0; step < STEPS; step++) {
        mine(&m, step);
        for (size_t t = 0; t < m.call.n_tuples; t++) {
            const fdml_tuple *u = &m.call.tuple[t];
            const double d = distance(&m, u->a, u->p);
            bool has_any = false;
            for (size_t j = 0; j < N; j++)
                has_any |= labels[j] != labels[u->a] && distance(&m, u->a, j) > d &&
                           distance(&m, u->a, j) < d + 0.2;
            const double to = distance(&m, u->a, u->n);
            cr_expect_eq(to > d && to < d + 0.2, has_any);
            n_within += has_any;
            n_without += !has_any;
            if (u->a == 0) count.positive[u->p]++;
        }
    }
    cr_expect_gt(n_within, 100u);
    cr_expect_gt(n_without, 100u);
    for (size_t j = 0; j < N; j++) /* any positive, alike: 4 of them; 5 sigma */
        if (labels[j] == 0 && j != 0)
            cr_expect_float_eq((double)count.positive[j], STEPS / 4.,
                               5 * sqrt(STEPS * 3 / 16.));
    objective_close(&m.c);
}

Test(train_miner, softhard_pairs_are_those_that_are_out_of_order)
{
    mined m;
    tally count = { 0 };
    open_kind(&m, FDML_MINER_SOFTHARD);
    for (uint64_t step = 0; step < STEPS; step++) {
        mine(&m, step);
        for (size_t t = 0; t < m.call.n_tuples; t++)
            if (m.call.tuple[t].a == 0) {
                count.positive[m.call.tuple[t].p]++;
                count.negative[m.call.tuple[t].n]++;
            }
    }
    double nearest = 9, farthest = 0;
    for (size_t j = 1; j < N; j++) {
        const double d = distance(&m, 0, j);
        if (labels[j] != 0 && d < nearest) nearest = d;
        if (labels[j] == 0 && d > farthest) farthest = d;
    }
    cr_assert_lt(nearest, farthest, "these rows have nothing out of order");
    size_t n_easy = 0;
    for (size_t j = 1; j < N; j++) {
        const double d = distance(&m, 0, j);
        const bool is_hard = labels[j] ? d < farthest : d > nearest;
        cr_expect_eq((labels[j] ? count.negative : count.positive)[j] > 0, is_hard, "row %zu",
                     j);
        n_easy += !is_hard;
    }
    cr_expect_gt(n_easy, 0u);
    objective_close(&m.c);
}

/* The formula in libm's double, against how often rows are drawn. The sum of (count -
 * expected)^2 / expected over 9 rows has 8 degrees of freedom; 37 is passed once in 100,000
 * times. */
Test(train_miner, negatives_come_with_the_weights_of_their_distances)
{
    enum { DRAWS = 20000 };
    mined m;
    tally count = { 0 };
    double weight[N] = { 0 }, sum = 0, chi2 = 0;
    open_kind(&m, FDML_MINER_DISTANCE);
    mine(&m, 0);
    for (size_t j = 0; j < N; j++) {
        if (labels[j] == 0) continue;
        const double d = fmax(distance(&m, 0, j), 0.5);
        sum += weight[j] = pow(d, 2. - DIM) * pow(1 - d * d / 4, -(DIM - 3) / 2.);
    }
    fdml_mine_weights scratch;
    float value[2 * N];
    double drawn_by[N];
    scratch = (fdml_mine_weights){ value, drawn_by };
    for (uint32_t i = 0; i < DRAWS; i++) {
        fdml_rng rng;
        fdml_rng_init(&rng, 12, 34, i);
        count.negative[fdml_mine_by_distance(&m.call, 0, &rng, &scratch)]++;
    }
    for (size_t j = 0; j < N; j++) {
        if (labels[j] == 0) {
            cr_expect_eq(count.negative[j], 0u);
            continue;
        }
        const double want = DRAWS * weight[j] / sum;
        chi2 += ((double)count.negative[j] - want) * ((double)count.negative[j] - want) / want;
    }
    cr_expect_lt(chi2, 37, "%g", chi2);
    objective_close(&m.c);
}

Test(train_miner, rho_swaps_as_often_as_it_is_told)
{
    mined m;
    size_t n_swapped = 0, n = 0;
    open_kind(&m, FDML_MINER_RHO_DISTANCE);
    for (uint64_t step = 0; step < STEPS; step++) {
        mine(&m, step);
        for (size_t t = 0; t < m.call.n_tuples; t++, n++)
            n_swapped += m.call.tuple[t].a == m.call.tuple[t].p;
    }
    cr_assert_eq(n, STEPS * 12u);
    cr_expect_float_eq((double)n_swapped / (double)n, 0.2, 5 * sqrt(0.2 * 0.8 / (double)n));
    objective_close(&m.c);
}

/* Three classes have pairs: three anchors, each with the two other positives. */
Test(train_miner, npair_negatives_are_the_positives_of_the_others)
{
    mined m;
    open_kind(&m, FDML_MINER_NPAIR);
    for (uint64_t step = 0; step < 50; step++) {
        mine(&m, step);
        cr_assert_eq(m.call.n_tuples, 6u);
        for (size_t t = 0; t < 6; t += 2) {
            const fdml_tuple *u = &m.call.tuple[t];
            cr_expect(u[0].a == u[1].a && u[0].p == u[1].p && u[0].n < u[1].n);
            for (size_t k = 0; k < 2; k++) {
                bool is_a_positive = false;
                for (size_t s = 0; s < 6; s += 2)
                    is_a_positive |= m.call.tuple[s].p == u[k].n && s != t;
                cr_expect(is_a_positive);
            }
        }
    }
    objective_close(&m.c);
}

/* --- restrictions --------------------------------------------------------------------- */

Test(train_miner, same_attribute_negatives_are_kept_to_by_every_kind)
{
    for (int kind = FDML_MINER_RANDOM; kind < FDML_MINER_COUNT; kind++) {
        mined m;
        fdml_miner_options miner = fdml_miner_defaults;
        miner.kind = (fdml_miner_kind)kind;
        miner.same_attribute_negatives = 1;
        open_with(&m, &miner);
        size_t n_kept = 0;
        for (uint64_t step = 0; step < 30; step++) {
            mine(&m, step);
            for (size_t t = 0; t < m.call.n_tuples; t++) {
                const fdml_tuple *u = &m.call.tuple[t];
                if (u->a == u->p || kind == FDML_MINER_NPAIR) continue;
                cr_expect_eq(attributes[u->n], attributes[u->a], "%s",
                             fdml_miner_name((fdml_miner_kind)kind));
                n_kept++;
            }
        }
        cr_expect(n_kept > 0 || kind == FDML_MINER_NPAIR);
        objective_close(&m.c);
    }
}

Test(train_miner, rows_without_negatives_of_their_attribute_have_all)
{
    static uint32_t alone[N];
    mined m;
    fdml_miner_options miner = fdml_miner_defaults;
    miner.same_attribute_negatives = 1;
    memcpy(alone, attributes, sizeof alone);
    alone[4] = 7; /* no other row's */
    open_with(&m, &miner);
    m.batch.attribute = alone;
    mine(&m, 0);
    size_t n = 0;
    for (size_t j = 0; j < N; j++) n += m.call.negative[4 * N + j];
    cr_expect_eq(n, 10u);
    for (size_t j = 0; j < N; j++) /* and anchor 0 only its own */
        cr_expect_eq(m.call.negative[j], labels[j] && alone[j] == 0 ? 1 : 0);
    objective_close(&m.c);
}

Test(train_miner, p_is_the_share_of_batches_that_are_restricted)
{
    mined m;
    fdml_miner_options miner = fdml_miner_defaults;
    miner.same_attribute_negatives = 0.3f;
    size_t n_restricted = 0, n_full = 0;
    open_with(&m, &miner);
    for (uint64_t step = 0; step < STEPS; step++) {
        mine(&m, step);
        size_t n = 0, n_same = 0;
        for (size_t k = 0; k < N * N; k++) {
            n += m.call.negative[k];
            n_same += m.call.negative[k] && attributes[k / N] == attributes[k % N];
        }
        n_full += n == 14 * 14 - 25 - 16 - 9 - 1 - 1; /* the whole batch or none of it */
        n_restricted += n < 14 * 14 - 52;
        if (n < 14 * 14 - 52)
            cr_expect_eq(n - n_same, 13u); /* row 9, alone with its attribute */
    }
    cr_expect_eq(n_full + n_restricted, (size_t)STEPS);
    cr_expect_float_eq((double)n_restricted / STEPS, 0.3, 5 * sqrt(0.3 * 0.7 / STEPS));
    objective_close(&m.c);
}

Test(train_miner, positives_of_another_attribute_or_class)
{
    mined m;
    fdml_miner_options miner = fdml_miner_defaults;
    miner.other_attribute_positives = true;
    open_with(&m, &miner);
    mine(&m, 0);
    for (size_t j = 0; j < N; j++) /* class 0: rows 0 3 6 8 12, attributes 0 1 0 1 0 */
        cr_expect_eq(m.call.positive[j], j == 3 || j == 8);
    objective_close(&m.c);

    miner = fdml_miner_defaults;
    miner.other_class_positives = true;
    open_with(&m, &miner);
    m.batch.label = attributes; /* an attribute head: what was the class is the other label */
    m.batch.other_label = labels;
    m.batch.attribute = NULL;
    mine(&m, 0);
    for (size_t j = 0; j < N; j++)
        cr_expect_eq(m.call.positive[j], attributes[j] == 0 && labels[j] != 0);
    objective_close(&m.c);
}
