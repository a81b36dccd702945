/* test_eval_slices.c - the search for slices on small cases: moments by enumeration, and the
 * whole search against plain code. See test_eval_slices_planted.c for what must be found, and
 * test_eval_slices_chance.c for what must not.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "slice_case.h"

/* --- moments -------------------------------------------------------------------------- */

enum { TINY = 9 }; /* three classes of one query, then three of two */

static void tiny_case(slice_case *c)
{
    static const uint32_t size[] = { 1, 1, 1, 2, 2, 2 };
    static const float loss[TINY] = { 1, 0, 0.25f, 1, 0.5f, 0, 0, 0, 1 };
    static const uint32_t code[TINY] = { 0, 1, 1, 0, 1, 0, 0, 1, 1 };
    slice_case_make(c, size, 6, 1, 1);
    c->n_levels[0] = 2;
    memcpy(c->loss, loss, sizeof loss);
    memcpy(c->code[0], code, sizeof code);
    slice_case_finish(c);
}

static slice_stat moments_of(slice_case *c, uint32_t level)
{
    fdml_error err;
    slice_moments moments;
    slice_sum sum;
    slice_stat stat = { 0 };
    cr_assert_eq(fdml_slice_moments_make(&moments, &c->data, &c->arena, &err), FDML_OK);
    fdml_slice_sum_begin(&sum);
    for (uint32_t i = 0; i < c->n; i++)
        if (c->code[0][i] == level) fdml_slice_sum_add(&sum, &moments, i);
    fdml_slice_sum_end(&stat, &sum, &moments);
    return stat;
}

static double d_of(const slice_case *c, const float *loss, uint32_t level)
{
    double own = 0, all = 0, n = 0;
    for (size_t i = 0; i < c->n; i++) {
        all += (double)loss[i];
        own += c->code[0][i] == level ? (double)loss[i] : 0;
        n += c->code[0][i] == level;
    }
    return own - n / (double)c->n * all;
}

/* All 6 orders of the single classes, all 6 of the pairs, and both orders within each pair. */
Test(eval_slices, moments_by_enumeration)
{
    static const int order[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    slice_case c;
    tiny_case(&c);
    for (uint32_t level = 0; level < 2; level++) {
        double sum = 0, square = 0;
        const int n = 6 * 6 * 8;
        for (int e = 0; e < n; e++) {
            const int *one = order[e % 6], *two = order[e / 6 % 6], turned = e / 36;
            float loss[TINY];
            for (int k = 0; k < 3; k++) {
                const int turn = turned >> k & 1;
                loss[k] = c.loss[one[k]];
                loss[3 + 2 * k] = c.loss[3 + 2 * two[k] + turn];
                loss[4 + 2 * k] = c.loss[4 + 2 * two[k] - turn];
            }
            const double d = d_of(&c, loss, level);
            sum += d / n;
            square += d * d / n;
        }
        const slice_stat stat = moments_of(&c, level);
        cr_expect_float_eq(stat.mean, sum, 1e-12);
        cr_expect_float_eq(stat.deviation, sqrt(square - sum * sum), 1e-12);
        cr_expect_eq(stat.n, level ? 5u : 4u);
        cr_expect_eq(stat.n_classes, 3u + level);
    }
    slice_case_close(&c);
}

/* Of queries that are exchanged freely: the hypergeometric distribution. */
Test(eval_slices, moments_of_single_queries)
{
    slice_case c;
    slice_case_even(&c, 200, 1, 1, 3);
    slice_case_query_column(&c, 0, 3);
    slice_case_failures(&c, 0.1, 0);
    slice_case_finish(&c);
    double failed = 0;
    for (size_t i = 0; i < c.n; i++) failed += (double)c.loss[i];
    const slice_stat stat = moments_of(&c, 0);
    const double n = stat.n, all = (double)c.n, k = failed;
    const double variance = n * (k / all) * (1 - k / all) * (all - n) / (all - 1);
    const double skewness = (all - 2 * k) * sqrt(all - 1) * (all - 2 * n) /
                            (sqrt(n * k * (all - k) * (all - n)) * (all - 2));
    cr_expect_float_eq(stat.mean, 0, 1e-12);
    cr_expect_float_eq(stat.deviation, sqrt(variance), 1e-12);
    cr_expect_float_eq(stat.skewness, skewness, 0.01 * skewness); /* up to 1 / n */
    slice_case_close(&c);
}

/* Draws have these moments, and are the same outcomes in another order. */
Test(eval_slices, exchanges_have_these_moments)
{
    enum { DRAWS = 40000 };
    slice_case c;
    tiny_case(&c);
    uint32_t *scratch = fdml_arena_push(&c.arena, fdml_slice_exchange_size(&c.data), 1);
    double sum = 0, square = 0;
    for (uint32_t r = 0; r < DRAWS; r++) {
        float loss[TINY];
        double all = 0;
        fdml_slice_exchange(loss, &c.data, 5, 6, r, scratch);
        for (size_t i = 0; i < TINY; i++) all += (double)loss[i];
        cr_assert_eq(all, 3.75);
        const double d = d_of(&c, loss, 0);
        sum += d / DRAWS;
        square += d * d / DRAWS;
    }
    const slice_stat stat = moments_of(&c, 0);
    const double error = stat.deviation / sqrt(DRAWS);
    cr_expect(fabs(sum - stat.mean) < 4 * error, "%g %g", sum, stat.mean);
    cr_expect_float_eq(sqrt(square - sum * sum), stat.deviation, 0.02 * stat.deviation);
    slice_case_close(&c);
}

/* Standardised quantiles of gamma distributions of this skewness, where a normal one is at z:
 * scipy 1.x, (gamma(k).ppf(norm.cdf(z)) - k) / k ** .5 with k = 4 / g ** 2. */
Test(eval_slices, z_straightens_a_gamma_distribution)
{
    static const double z[] = { -1, 1, 2, 3, 4 };
    static const struct {
        double skewness, x[5];
    } table[] = {
        { 0.25, { -0.99738, 0.997409, 2.12226, 3.335285, 4.638687 } },
        { 0.5, { -0.98945, 0.989685, 2.238552, 3.67219, 5.298057 } },
        { 1, { -0.95717, 0.959093, 2.450837, 4.340283, 6.648977 } },
        { 2, { -0.827246, 0.841022, 2.783184, 5.607726, 9.360101 } },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const slice_stat stat = { .mean = 3, .deviation = 2, .skewness = table[i].skewness };
        for (size_t j = 0; j < 5; j++) {
            const double got = fdml_slice_z(&stat, 3 + 2 * table[i].x[j]);
            cr_expect(fabs(got - z[j]) < 0.04 * fmax(1, fabs(z[j])), "%g %g: %g",
                      table[i].skewness, z[j], got);
            cr_expect_float_eq(fdml_slice_at(&stat, got), 2 * table[i].x[j], 1e-9);
        }
    }
    const slice_stat straight = { .mean = 3, .deviation = 2, .skewness = 1e-9 };
    cr_expect_eq(fdml_slice_z(&straight, 7), 2);
    cr_expect_eq(fdml_slice_at(&straight, 2), 4);
}

/* --- the search against plain code ---------------------------------------------------- */

typedef struct plain {
    slice_stat stat;
    uint32_t level[3]; /* UINT32_MAX: any */
    double z;
    uint32_t n_reached;
} plain;

static bool is_in(const slice_case *c, const plain *p, size_t i)
{
    for (size_t j = 0; j < 3; j++)
        if (p->level[j] != UINT32_MAX && c->code[j][i] != p->level[j]) return false;
    return true;
}

static double plain_d(const slice_case *c, const plain *p, const float *loss)
{
    double own = 0, all = 0, n = 0;
    for (size_t i = 0; i < c->n; i++) {
        all += (double)loss[i];
        if (!is_in(c, p, i)) continue;
        own += (double)loss[i];
        n++;
    }
    return own - n / (double)c->n * all;
}

/* Every combination of levels or none, one by one. */
static size_t plain_slices(plain *list, slice_case *c, const slice_moments *moments)
{
    size_t n = 0;
    for (uint32_t e = 1; e < 4 * 4 * 4; e++) {
        plain p = { .level = { e % 4 - 1, e / 4 % 4 - 1, e / 16 - 1 } }; /* 0 - 1: any */
        slice_sum sum;
        bool is_level = true;
        for (size_t j = 0; j < 3; j++)
            is_level &= p.level[j] == UINT32_MAX || p.level[j] < c->n_levels[j];
        fdml_slice_sum_begin(&sum);
        for (uint32_t i = 0; i < c->n; i++)
            if (is_in(c, &p, i)) fdml_slice_sum_add(&sum, moments, i);
        if (!is_level || sum.n < 20 || c->n - sum.n < 20 || sum.n_classes < 5) continue;
        fdml_slice_sum_end(&p.stat, &sum, moments);
        p.z = fdml_slice_z(&p.stat, plain_d(c, &p, c->loss));
        list[n++] = p;
    }
    return n;
}

Test(eval_slices, search_against_plain_code)
{
    static plain list[64];
    fdml_error err;
    slice_case c;
    slice_search search;
    slice_moments moments;
    slice_case_even(&c, 60, 6, 3, 11);
    slice_case_class_column(&c, 0, 3);
    slice_case_query_column(&c, 1, 2);
    slice_case_query_column(&c, 2, 3);
    slice_case_failures(&c, 0.2, 0.1);
    c.settings.slices.depth = 3;
    slice_case_finish(&c);
    slice_case_search(&search, &c);
    cr_assert_eq(fdml_slice_moments_make(&moments, &c.data, &c.arena, &err), FDML_OK);
    const size_t n = plain_slices(list, &c, &moments);
    cr_assert_eq(search.n_tried, n);
    cr_assert_eq(search.lattice.n_slices, n);
    cr_assert_geq(n, 30);

    float *loss = fdml_arena_push(&c.arena, c.n, sizeof *loss);
    void *scratch = fdml_arena_push(&c.arena, fdml_slice_exchange_size(&c.data), 1);
    double largest[199];
    for (uint32_t r = 0; r < 199; r++) {
        largest[r] = -INFINITY;
        fdml_slice_exchange(loss, &c.data, c.settings.seed, 7, r, scratch);
        for (size_t s = 0; s < n; s++) {
            const double d = plain_d(&c, &list[s], loss);
            largest[r] = fmax(largest[r], fdml_slice_z(&list[s].stat, d));
            list[s].n_reached += d >= plain_d(&c, &list[s], c.loss) - 1e-9;
        }
    }
    for (size_t s = 0; s < n; s++) {
        uint32_t cells[3], n_cells = 0;
        size_t n_above = 0;
        for (uint32_t j = 0; j < 3; j++)
            if (list[s].level[j] != UINT32_MAX)
                cells[n_cells++] = c.data.first[j] + list[s].level[j];
        const uint32_t slice = fdml_slice_find(&search.lattice, cells, n_cells);
        cr_assert_neq(slice, NO_SLICE);
        const slice_stat *stat = &search.lattice.stat[slice];
        for (size_t r = 0; r < 199; r++) n_above += largest[r] >= list[s].z - 1e-9;
        cr_expect_eq(stat->n, list[s].stat.n);
        cr_expect_eq(stat->n_classes, list[s].stat.n_classes);
        cr_expect_float_eq(stat->z, list[s].z, 1e-9);
        cr_expect_eq(stat->n_reached, list[s].n_reached);
        cr_expect_float_eq(fdml_slice_p_search(&search, stat->z), (1.0 + (double)n_above) / 200,
                           1e-12);
    }
    slice_case_close(&c);
}

/* --- limits --------------------------------------------------------------------------- */

Test(eval_slices, too_many_are_refused)
{
    fdml_error err = { 0 };
    slice_lattice lattice;
    slice_case c;
    static slice_column column[100];
    static uint32_t first[101];
    slice_case_even(&c, 4000, 25, 1, 9);
    slice_case_query_column(&c, 0, 2);
    slice_case_finish(&c);
    for (size_t j = 0; j < 100; j++) {
        column[j] = (slice_column){ "x", NULL, 64 };
        first[j + 1] = first[j] + 64;
    }
    slice_data data = c.data;
    data.n_columns = data.n_crossed = 100;
    data.column = column;
    data.first = first;
    cr_expect_eq(fdml_slice_lattice_make(&lattice, &data, 2, 20, &c.machine, &c.arena, &err),
                 FDML_E_LIMIT);
    cr_expect(strstr(err.text, "slices of 100 columns to depth 2"), "%s", err.text);
    slice_case_close(&c);
}

Test(eval_slices, no_memory_is_said)
{
    fdml_error err = { 0 };
    slice_search search;
    slice_case c;
    slice_case_even(&c, 120, 10, 2, 3);
    slice_case_class_column(&c, 0, 3);
    slice_case_query_column(&c, 1, 3);
    slice_case_failures(&c, 0.1, 0);
    slice_case_finish(&c);
    size_t n_refused = 0;
    for (size_t limit = 64; limit < (size_t)1 << 24; limit += limit / 2) {
        fdml_arena small;
        fdml_arena_init(&small, limit);
        const fdml_status status =
            fdml_slice_search(&search, &c.data, &c.settings, 7, &c.machine, &small, &err);
        cr_expect(status == FDML_OK || status == FDML_E_NOMEM);
        n_refused += status == FDML_E_NOMEM;
        if (!status)
            cr_expect_leq(small.peak, fdml_slice_search_size(&c.data, &c.settings, &c.machine));
        fdml_arena_close(&small);
    }
    cr_expect_gt(n_refused, 5);
    slice_case_close(&c);
}
