/* test_eval_detail.c - the detail behind charts: which groups it keeps, that it changes no
 * number, that its memory is told, and that it does not depend on the machine. Its numbers are
 * compared with a plain computation in tests/cli/html.sh.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "eval/result_hash.h"
#include "eval_world.h"

static void make(eval_world *w, size_t n_rows, size_t n_classes, size_t n_groups,
                 const char *spec)
{
    eval_world_make(w, n_rows, 8, n_classes, n_groups, 1.1, 3);
    w->settings.n_bootstrap = w->settings.n_permutations = 20;
    w->settings.with_detail = true;
    eval_world_metrics(w, spec);
}

/* Is the metric of group g of the first grouping among the four lowest with enough rows? */
static size_t count_lower(const fdml_audit_result *r, size_t g)
{
    size_t n = 0;
    for (size_t other = 0; other < r->groupings.grouping[1].n_groups; other++)
        n += r->groups[other].metrics[0].value < r->groups[g].metrics[0].value;
    return n;
}

Test(eval_detail, of_many_groups_the_lowest_and_the_largest)
{
    eval_world w;
    fdml_audit_result r;
    make(&w, 1230, 205, 41, "recall_at_1");
    for (size_t i = 0; i < w.n_rows; i++) { /* group 40 has one row, 39 has twice as many */
        if (w.code[0][i] == 40) w.code[0][i] = i == 40 ? 40 : 39;
    }
    w.settings.min_group = 20;
    eval_world_audit(&r, &w);
    const fdml_detail_grouping *by = &r.detail->by[0];
    cr_assert_eq(r.detail->n_by, 1);
    cr_assert_eq(by->n, FDML_DETAIL_GROUPS);
    cr_expect_eq(by->n_left_out, 41 - FDML_DETAIL_GROUPS);
    cr_expect_eq(by->n_small_left_out, 1);
    size_t n_lowest = 0;
    bool has_largest = false;
    for (size_t g = 0; g < by->n; g++) {
        const fdml_detail_group *group = &by->group[g];
        cr_expect(!group->is_small);
        cr_expect(g == 0 || by->group[g - 1].code < group->code);
        cr_expect_str_eq(group->value, r.groups[group->listed].value);
        cr_expect_eq(group->n_rows, r.groups[group->listed].n_rows);
        n_lowest += count_lower(&r, group->listed) < FDML_DETAIL_GROUPS / 2;
        has_largest = has_largest || group->code == 39;
    }
    cr_expect_geq(n_lowest, FDML_DETAIL_GROUPS / 2);
    cr_expect(has_largest);
    eval_world_close(&w);
}

Test(eval_detail, small_groups_fill_up_and_have_no_numbers)
{
    eval_world w;
    fdml_audit_result r;
    make(&w, 300, 50, 3, "findml");
    for (size_t i = 0; i < w.n_rows; i++)
        if (w.code[0][i] == 2 && i != 2) w.code[0][i] = 1;
    w.settings.min_group = 5;
    eval_world_audit(&r, &w);
    const fdml_detail_group *alone = &r.detail->by[0].group[2];
    cr_assert_eq(r.detail->by[0].n, 3);
    cr_expect(alone->is_small && alone->n_rows == 1);
    cr_expect(!alone->hit_rate && !alone->same && !alone->other && !alone->spectrum);
    cr_expect_eq(alone->n_worst, 0);
    const fdml_detail_group *enough = &r.detail->by[0].group[0];
    cr_expect(enough->hit_rate && enough->same && enough->other && enough->spectrum);
    eval_world_close(&w);
}

Test(eval_detail, intersections_where_there_are_few_groupings)
{
    eval_world w;
    fdml_audit_result r;
    make(&w, 240, 40, 2, "recall_at_1");
    w.problem.n_attributes = 2;
    eval_world_audit(&r, &w);
    cr_expect_eq(r.detail->n_by, 3);
    cr_expect_eq(r.detail->n_by_left_out, 0);
    fdml_factor four[4] = { w.attribute[0], w.attribute[1], w.attribute[0], w.attribute[1] };
    w.problem.attributes = four; /* 15 groupings */
    w.problem.n_attributes = 4;
    eval_world_audit(&r, &w);
    cr_expect_eq(r.detail->n_by, 4);
    cr_expect_eq(r.detail->n_by_left_out, 11);
    eval_world_close(&w);
}

Test(eval_detail, the_first_hit_rates_are_recall)
{
    eval_world w;
    fdml_audit_result r;
    make(&w, 600, 60, 3, "recall_at_K");
    eval_world_audit(&r, &w);
    for (size_t g = 0; g < r.detail->by[0].n; g++) {
        const fdml_detail_group *group = &r.detail->by[0].group[g];
        const fdml_estimate *recall = r.groups[group->listed].metrics; /* K = 1, 4 */
        cr_expect_float_eq(group->hit_rate[0], recall[0].value, 1e-12);
        cr_expect_float_eq(group->hit_rate[3], recall[1].value, 1e-12);
        const double missed = (double)group->n_missed / (double)group->n_queries;
        cr_expect_float_eq(missed, 1 - recall[0].value, 1e-12);
    }
    eval_world_close(&w);
}

Test(eval_detail, it_changes_no_number)
{
    eval_world w;
    fdml_audit_result r;
    char with[FDML_SHA256_HEX], without[FDML_SHA256_HEX];
    make(&w, 400, 60, 3, "all");
    eval_world_audit(&r, &w);
    fdml_result_hash(with, &r);
    w.settings.with_detail = false;
    eval_world_audit(&r, &w);
    cr_expect_null(r.detail);
    fdml_result_hash(without, &r);
    cr_expect_str_eq(with, without);
    eval_world_close(&w);
}

static void expect_same_group(const fdml_detail_group *a, const fdml_detail_group *b,
                              const fdml_audit_detail *detail, size_t dim)
{
    cr_expect_arr_eq(a->hit_rate, b->hit_rate, detail->n_ks * sizeof(double));
    cr_expect_arr_eq(a->same, b->same, FDML_DETAIL_BINS * sizeof(uint32_t));
    cr_expect_arr_eq(a->other, b->other, FDML_DETAIL_BINS * sizeof(uint32_t));
    cr_expect_arr_eq(a->spectrum, b->spectrum, dim * sizeof(double));
    cr_assert_eq(a->n_worst, b->n_worst);
    for (size_t i = 0; i < a->n_worst; i++) {
        cr_expect_eq(a->worst[i].row, b->worst[i].row);
        cr_expect_eq(a->worst[i].first_rank, b->worst[i].first_rank);
        cr_expect_eq(a->worst[i].nearest, b->worst[i].nearest);
        cr_expect_eq(a->worst[i].distance, b->worst[i].distance);
    }
}

Test(eval_detail, same_bits_for_every_kernel_and_number_of_threads)
{
    eval_world w;
    fdml_audit_result first, r;
    make(&w, 2000, 100, 3, "findml");
    eval_world_audit(&first, &w);
    cr_assert(first.detail->overall.is_sampled[1]);
    const struct fdml_kernels *const kernels[] = { fdml_kernels_find("scalar"),
                                                   fdml_kernels_best() };
    for (size_t k = 0; k < 2; k++)
        for (int threads = 1; threads <= 3; threads += 2) {
            w.machine.kernels = kernels[k];
            w.machine.n_threads = threads;
            eval_world_audit(&r, &w);
            const fdml_audit_detail *a = first.detail, *b = r.detail;
            cr_expect_eq(a->distance_width, b->distance_width);
            cr_expect_arr_eq(a->map.row, b->map.row, a->map.n * sizeof(uint32_t));
            cr_expect_arr_eq(a->map.at, b->map.at, 2 * a->map.n * sizeof(double));
            for (size_t g = 0; g < a->by[0].n; g++)
                expect_same_group(&a->by[0].group[g], &b->by[0].group[g], a, w.dim);
        }
    eval_world_close(&w);
}

Test(eval_detail, its_memory_is_told)
{
    static const char *const specs[] = { "recall_at_1", "findml", "uniformity", "spectrum" };
    for (size_t s = 0; s < sizeof specs / sizeof *specs; s++) {
        eval_world w;
        fdml_audit_result r;
        fdml_audit_cost cost;
        make(&w, 3000, 750, 2, specs[s]);
        w.problem.n_attributes = 2;
        fdml_audit_estimate(&cost, &w.problem, &w.settings, &w.machine);
        eval_world_audit(&r, &w);
        cr_expect_leq(r.work_peak, cost.bytes + ((size_t)1 << 18), "%s: %zu bytes, not %zu",
                      specs[s], r.work_peak, cost.bytes);
        cr_expect_leq(cost.bytes, 3 * r.work_peak + ((size_t)4 << 20), "%s: %zu for %zu",
                      specs[s], cost.bytes, r.work_peak);
        eval_world_close(&w);
    }
}

Test(eval_detail, too_little_memory_is_an_error_at_every_step)
{
    eval_world w;
    fdml_audit_result r;
    make(&w, 150, 15, 2, "findml");
    eval_world_audit(&r, &w);
    size_t n_refused = 0;
    bool succeeded = false;
    for (size_t limit = 64; limit < 8 * r.work_peak && !succeeded; limit += limit / 32 + 64) {
        fdml_arena small;
        fdml_error err = { 0 };
        fdml_arena_init(&small, limit);
        const fdml_status status =
            fdml_audit(&r, &w.problem, &w.settings, &w.machine, &small, &err);
        succeeded = status == FDML_OK;
        n_refused += !succeeded;
        cr_expect(succeeded || status == FDML_E_NOMEM || status == FDML_E_LIMIT);
        fdml_arena_close(&small);
    }
    cr_expect(succeeded);
    cr_expect_gt(n_refused, 20);
    eval_world_close(&w);
}
