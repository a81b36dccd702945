/* test_explain_cart.c - trees against scikit-learn's, ties, and what cannot be cut.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "base/rng.h"
#include "explain/cart.h"
#include "explain_case.h"

static fdml_arena arena;
static fdml_error err;

static fdml_cart fit(const float *z, const uint8_t *label, size_t n, size_t dim, unsigned depth,
                     int n_threads)
{
    fdml_cart cart;
    const fdml_cart_options options = { depth, n_threads };
    cr_assert_eq(fdml_cart_fit(&cart, z, label, n, dim, &options, &arena, &err), FDML_OK);
    return cart;
}

static bool same_nodes(const fdml_cart_node *a, const fdml_cart_node *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].threshold != b[i].threshold || a[i].right != b[i].right ||
            a[i].feature != b[i].feature || a[i].n != b[i].n || a[i].n_ones != b[i].n_ones)
            return false;
    return true;
}

Test(explain_cart, nodes_are_scikit_learns)
{
    const explain_rows *rows = explain_case_rows();
    fdml_arena_init(&arena, 0);
    cr_assert_geq(explain_case_n_trees, 3);
    for (int c = 0; c < explain_case_n_trees; c++) {
        const explain_tree *want = &explain_case_tree[c];
        const fdml_cart cart = fit(rows->tree, rows->tree_label, EXPLAIN_TREE_ROWS,
                                   EXPLAIN_TREE_DIM, want->max_depth, 2);
        cr_assert_eq(cart.n_nodes, want->n_nodes, "depth %u", want->max_depth);
        cr_expect_eq(cart.depth, want->max_depth);
        cr_expect(same_nodes(cart.node, want->node, want->n_nodes), "depth %u",
                  want->max_depth);
    }
    fdml_arena_close(&arena);
}

/* Each row ends in a leaf that counts it, and P is the share of ones there. */
Test(explain_cart, leaves_count_their_rows)
{
    static double p[EXPLAIN_TREE_ROWS];
    static uint32_t leaf[EXPLAIN_TREE_ROWS], n[127], n_ones[127];
    const explain_rows *rows = explain_case_rows();
    fdml_arena_init(&arena, 0);
    const fdml_cart cart =
        fit(rows->tree, rows->tree_label, EXPLAIN_TREE_ROWS, EXPLAIN_TREE_DIM, 6, 2);
    cr_assert_leq(cart.n_nodes, 127);
    fdml_cart_predict(p, leaf, &cart, rows->tree, EXPLAIN_TREE_ROWS);
    for (size_t i = 0; i < EXPLAIN_TREE_ROWS; i++) {
        n[leaf[i]]++;
        n_ones[leaf[i]] += rows->tree_label[i];
    }
    for (size_t i = 0; i < cart.n_nodes; i++) {
        if (cart.node[i].right) continue;
        cr_expect_eq(n[i], cart.node[i].n);
        cr_expect_eq(n_ones[i], cart.node[i].n_ones);
    }
    for (size_t i = 0; i < EXPLAIN_TREE_ROWS; i++)
        cr_expect_eq(p[i], (double)n_ones[leaf[i]] / n[leaf[i]]);
    fdml_arena_close(&arena);
}

Test(explain_cart, equal_bits_for_all_threads)
{
    const explain_rows *rows = explain_case_rows();
    fdml_arena_init(&arena, 0);
    const fdml_cart one =
        fit(rows->tree, rows->tree_label, EXPLAIN_TREE_ROWS, EXPLAIN_TREE_DIM, 6, 1);
    for (int threads = 2; threads <= 5; threads++) {
        const fdml_cart cart =
            fit(rows->tree, rows->tree_label, EXPLAIN_TREE_ROWS, EXPLAIN_TREE_DIM, 6, threads);
        cr_assert_eq(cart.n_nodes, one.n_nodes);
        cr_expect(same_nodes(cart.node, one.node, one.n_nodes));
    }
    fdml_arena_close(&arena);
}

Test(explain_cart, ties_go_to_the_first_column_and_threshold)
{
    /* The columns are alike; at 1.5 and at 2.5 the cut is as good: 0 | 1 0 and 0 1 | 0. */
    const float z[] = { 1, 1, 2, 2, 3, 3 };
    const uint8_t label[] = { 0, 1, 0 };
    fdml_arena_init(&arena, 0);
    const fdml_cart cart = fit(z, label, 3, 2, 1, 1);
    const fdml_cart_node want[] = { { 1.5, 2, 0, 3, 1 }, { 0, 0, 0, 1, 0 }, { 0, 0, 0, 2, 1 } };
    cr_assert_eq(cart.n_nodes, 3);
    cr_expect(same_nodes(cart.node, want, 3));
    fdml_arena_close(&arena);
}

/* Every labelling of ten rows, cut once: ties are broken, and missed by rounding, as
 * scikit-learn does. */
Test(explain_cart, stumps_are_scikit_learns)
{
    enum { ROWS = 10 };
    float z[ROWS];
    uint8_t label[ROWS];
    for (int i = 0; i < ROWS; i++) z[i] = (float)i;
    cr_assert_eq(strlen(explain_case_stumps), (1u << ROWS) - 2);
    for (unsigned k = 1; k < (1u << ROWS) - 1; k++) {
        fdml_arena_init(&arena, 0);
        for (int i = 0; i < ROWS; i++) label[i] = k >> i & 1;
        const fdml_cart cart = fit(z, label, ROWS, 1, 1, 1);
        cr_expect_eq(cart.node[0].threshold, explain_case_stumps[k - 1] - '0' - .5, "labels %x",
                     k);
        fdml_arena_close(&arena);
    }
}

/* Exclusive or: no first cut is better than none, and it is made all the same. */
Test(explain_cart, cuts_that_gain_nothing)
{
    const float z[] = { 0, 0, 0, 1, 1, 0, 1, 1 };
    const uint8_t label[] = { 0, 1, 1, 0 };
    double p[4];
    fdml_arena_init(&arena, 0);
    const fdml_cart cart = fit(z, label, 4, 2, 2, 1);
    cr_expect_eq(cart.n_nodes, 7);
    fdml_cart_predict(p, NULL, &cart, z, 4);
    for (int i = 0; i < 4; i++) cr_expect_eq(p[i], label[i]);
    fdml_arena_close(&arena);
}

Test(explain_cart, what_cannot_be_cut)
{
    const float z[] = { 2, -0.0F, 2, 0, 2, 0 }, near[] = { 0, 5e-8F, 1e-7F };
    const uint8_t ones[] = { 1, 1, 1 }, mixed[] = { 1, 0, 1 };
    double p[3];
    fdml_arena_init(&arena, 0);
    fdml_cart cart = fit(z, ones, 3, 2, 3, 1); /* pure */
    cr_expect_eq(cart.n_nodes, 1);
    fdml_cart_predict(p, NULL, &cart, z, 3);
    cr_expect_eq(p[0], 1);
    cart = fit(z, mixed, 3, 2, 3, 1); /* constant columns */
    cr_expect_eq(cart.n_nodes, 1);
    cr_expect_eq(cart.depth, 0);
    fdml_cart_predict(p, NULL, &cart, z, 3);
    cr_expect_eq(p[2], 2. / 3);
    cart = fit(near, mixed, 3, 1, 3, 1); /* closer than 1e-7 */
    cr_expect_eq(cart.n_nodes, 1);
    cart = fit(z, mixed, 1, 2, 6, 1); /* one row */
    cr_expect_eq(cart.n_nodes, 1);
    fdml_arena_close(&arena);
}

/* Half the sum of two neighbouring floats is a double between them. */
Test(explain_cart, thresholds_between_neighbours)
{
    const float z[] = { 4, 4.0000005F };
    const uint8_t label[] = { 0, 1 };
    double p[2];
    fdml_arena_init(&arena, 0);
    const fdml_cart cart = fit(z, label, 2, 1, 1, 1);
    cr_assert_eq(cart.n_nodes, 3);
    cr_expect_eq(cart.node[0].threshold, ((double)z[0] + (double)z[1]) / 2);
    fdml_cart_predict(p, NULL, &cart, z, 2);
    cr_expect_eq(p[0], 0);
    cr_expect_eq(p[1], 1);
    fdml_arena_close(&arena);
}

Test(explain_cart, no_memory)
{
    const explain_rows *rows = explain_case_rows();
    const fdml_cart_options options = { 6, 2 };
    fdml_cart cart = { .dim = 77 };
    fdml_arena_init(&arena, 0);
    fit(rows->tree, rows->tree_label, EXPLAIN_TREE_ROWS, EXPLAIN_TREE_DIM, 6, 2);
    const size_t peak = arena.peak;
    fdml_arena_close(&arena);
    for (size_t limit = 64; limit < peak; limit += peak / 40) {
        fdml_arena_init(&arena, limit);
        cr_expect_eq(fdml_cart_fit(&cart, rows->tree, rows->tree_label, EXPLAIN_TREE_ROWS,
                                   EXPLAIN_TREE_DIM, &options, &arena, &err),
                     FDML_E_NOMEM);
        fdml_arena_close(&arena);
    }
    cr_expect_eq(cart.dim, 77);
}
