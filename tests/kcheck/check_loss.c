/* check_loss.c - kernels that turn a classifier's outputs into gradients, against double.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "kcheck.h"

enum { ROWS = 3 };

typedef struct loss_case {
    size_t n, stride;
    bool is_softmax, is_weighted;
    float *z, *most, *sum, *weight; /* z before; most and sum of the reference table */
} loss_case;

static void run(const loss_case *c, const fdml_kernels *k, float *z, float *most, float *sum)
{
    const float *weight = c->is_weighted ? c->weight : NULL;
    if (c->is_softmax)
        k->softmax_rows(z, most, sum, ROWS, c->n, c->stride, weight);
    else
        k->hinge_rows(z, sum, ROWS, c->n, c->stride, weight);
}

/* A lane adds n / 16 terms, lanes are folded in four steps, and a term has its own roundings:
 * exp 1 ulp after a rounded difference, over^2 two of a rounded sum. */
static bool softmax_is_near(kcheck *t, const loss_case *c, const float *z, const float *most,
                            const float *sum)
{
    for (size_t i = 0; i < ROWS; i++) {
        const float *x = c->z + i * c->stride;
        double top = -INFINITY, total = 0, slack = 0;
        for (size_t v = 0; v < c->n; v++) top = fmax(top, (double)x[v]);
        if ((double)most[i] != top) return kc_fail(t, "most[%zu]", i);
        for (size_t v = 0; v < c->n; v++) {
            const double e = exp((double)x[v] - top);
            total += e;
            slack += e * fabs((double)x[v] - top) * 0x1p-24;
        }
        const double gamma = kc_gamma(c->n / 16 + 1 + 4 + 2);
        if (!kc_near(t, "sum", i, sum[i], total, gamma * total + slack, 0)) return false;
        const double weight = c->is_weighted ? (double)c->weight[i] : 1;
        for (size_t v = 0; v < c->n; v++) {
            const double e = exp((double)x[v] - top), y = e * weight / total;
            const double own = fabs((double)x[v] - top) * 0x1p-24 + slack / total;
            const double bound = fabs(y) * (gamma + kc_gamma(4) + own) + 0x1p-126;
            if (!kc_near(t, "z", v, z[i * c->stride + v], y, bound, 0)) return false;
        }
    }
    return true;
}

static bool hinge_is_near(kcheck *t, const loss_case *c, const float *z, const float *sum)
{
    for (size_t i = 0; i < ROWS; i++) {
        const float *x = c->z + i * c->stride;
        const double weight = c->is_weighted ? (double)c->weight[i] : 1;
        double total = 0;
        for (size_t v = 0; v < c->n; v++) {
            const double over = fmax(0, 1 + (double)x[v]), y = 2 * weight * over;
            total += over * over;
            if (!kc_near(t, "z", v, z[i * c->stride + v], y, kc_gamma(2) * fabs(y), 0))
                return false;
        }
        const double bound = kc_gamma(c->n / 16 + 1 + 4 + 3) * total;
        if (!kc_near(t, "sum", i, sum[i], total, bound, 0)) return false;
    }
    return true;
}

static void loss_rows_case(kcheck *t, bool is_softmax, size_t n, bool is_weighted)
{
    loss_case c = { n, (n + 31) / 32 * 32, is_softmax, is_weighted, NULL, NULL, NULL, NULL };
    const size_t size = ROWS * c.stride;
    kc_case(t, "n=%zu weighted=%d", n, is_weighted);
    c.z = kc_words(t, size), c.most = kc_words(t, ROWS), c.sum = kc_words(t, ROWS);
    c.weight = kc_words(t, ROWS);
    float *want = kc_words(t, size), *got = kc_words(t, size);
    float *most = kc_words(t, ROWS), *sum = kc_words(t, ROWS);
    kc_fill(t, c.z, size, KC_PLAIN | KC_ZERO);
    kc_fill(t, c.weight, ROWS, KC_PLAIN | KC_ZERO);
    memcpy(want, c.z, size * sizeof *want);
    memcpy(got, c.z, size * sizeof *got);
    run(&c, t->ref, want, c.most, c.sum);
    run(&c, t->k, got, most, sum);
    if (!kc_same(t, "z", want, got, size) || !kc_same(t, "sum", c.sum, sum, ROWS) ||
        !kc_intact(t))
        return;
    if (is_softmax && !kc_same(t, "most", c.most, most, ROWS)) return;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t v = n; v < c.stride; v++)
            if (got[i * c.stride + v] != 0) kc_fail(t, "lane %zu of row %zu is not 0", v, i);
    if (is_softmax ? softmax_is_near(t, &c, got, most, sum) : hinge_is_near(t, &c, got, sum))
        while (kc_bench(t, n == 512 && !is_weighted)) run(&c, t->k, got, most, sum);
}

static void check_loss(kcheck *t, bool is_softmax)
{
    for (size_t s = 0; kc_size(t, s) != KC_END; s++)
        for (int w = 0; w < 2 && !t->has_failed && kc_size(t, s); w++)
            loss_rows_case(t, is_softmax, kc_size(t, s), w);
}

void check_softmax_rows(kcheck *t)
{
    check_loss(t, true);
}

void check_hinge_rows(kcheck *t)
{
    check_loss(t, false);
}
