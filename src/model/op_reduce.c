/* op_reduce.c - ReduceSum and its nine relatives, over any axes.
 *
 * A tensor's innermost dimension is either reduced or kept. If reduced, a result is a walk over
 * rows, each summed in eight interleaved parts; if kept, up to sixty-four neighbouring results
 * are carried along together and read rows of that many items. Floats accumulate in double and
 * round once, integers in int64, which wraps as the type does.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/dmath.h"
#include "base/parallel.h"
#include "model/items.h"
#include "model/op_check.h"
#include "model/ops.h"

typedef enum reduction {
    SUM,
    MEAN,
    MAX,
    MIN,
    PROD,
    L1,
    L2,
    SUM_SQUARE,
    LOG_SUM,
    LOG_SUM_EXP
} reduction;

static reduction reduction_of(const fdml_op_call *call)
{
    static const char *const names[] = { "Sum", "Mean", "Max",       "Min",    "Prod",
                                         "L1",  "L2",   "SumSquare", "LogSum", "LogSumExp" };
    size_t i = 0;
    while (strcmp(names[i], call->node->op->name + strlen("Reduce")) != 0) i++;
    return (reduction)i;
}

/* Which axes go. Axes are an attribute before operator set 13 (Sum) or 18, then an input; none
 * means all, or none at all where noop_with_empty_axes says so. */
static fdml_status find_axes(const fdml_op_call *call, bool *is_reduced, bool *is_noop,
                             fdml_error *err)
{
    int64_t axes[FDML_MAX_RANK];
    size_t n = 0;
    bool is_given = false;
    const int rank = call->input[0]->rank;
    FDML_TRY(fdml_op_list_of(call, "axes", 1, axes, FDML_MAX_RANK, &n, &is_given, err));
    FDML_TRY(fdml_op_mark_axes(call, is_reduced, rank, axes, n, err));
    *is_noop = n == 0 && fdml_node_int(call->node, "noop_with_empty_axes", 0) != 0;
    if (n == 0 && !*is_noop)
        for (int d = 0; d < rank; d++) is_reduced[d] = true;
    return FDML_OK;
}

fdml_status fdml_infer_reduce(const fdml_op_call *call, fdml_error *err)
{
    const reduction how = reduction_of(call);
    const fdml_tensor *x = call->input[0];
    const unsigned more = how == MAX || how == MIN ? FDML_TYPES_BOOL : 0;
    bool is_reduced[FDML_MAX_RANK], is_noop;
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_NUMBER | more, err));
    FDML_TRY(find_axes(call, is_reduced, &is_noop, err));
    const bool keeps = fdml_node_int(call->node, "keepdims", 1) != 0;
    size_t dim[FDML_MAX_RANK];
    int rank = 0;
    for (int d = 0; d < x->rank; d++) {
        if (!is_reduced[d])
            dim[rank++] = x->dim[d];
        else if (keeps)
            dim[rank++] = 1;
    }
    return fdml_op_set(call, 0, x->type, rank, dim, err);
}

/* --- the walk ---------------------------------------------------------------------------- */

enum { LANES = 64, PARTS = 8 };

typedef struct axis {
    size_t dim, stride;
} axis;

typedef struct job {
    const fdml_tensor *x, *y;
    reduction how;
    bool is_noop;
    int n_kept, n_reduced;
    axis kept[FDML_MAX_RANK], reduced[FDML_MAX_RANK];
    size_t n_each; /* items that make a result */
    size_t group;  /* results carried together: 1, or neighbours in x too */
    size_t row;    /* the kept dimension that neighbours share, or 1 */
} job;

static size_t place(const axis *axes, int n, size_t index)
{
    size_t at = 0;
    for (int d = n - 1; d >= 0; d--) {
        at += index % axes[d].dim * axes[d].stride;
        index /= axes[d].dim;
    }
    return at;
}

/* Puts the axes in two lists, those behind each other merged. */
static void split_axes(job *j, const bool *is_reduced)
{
    bool was_reduced = false;
    size_t stride = 1;
    for (int d = 0; d < j->x->rank; d++) stride *= j->x->dim[d];
    for (int d = 0, last = -1; d < j->x->rank; d++) {
        const size_t dim = j->x->dim[d];
        stride = dim ? stride / dim : 0;
        if (dim == 1) continue;
        axis *list = is_reduced[d] ? j->reduced : j->kept;
        int *n = is_reduced[d] ? &j->n_reduced : &j->n_kept;
        if (last >= 0 && was_reduced == is_reduced[d]) {
            list[*n - 1].dim *= dim;
            list[*n - 1].stride = stride;
        } else {
            list[(*n)++] = (axis){ dim, stride };
        }
        was_reduced = is_reduced[d];
        last = d;
    }
}

static double start_double(reduction how)
{
    if (how == MAX) return -(double)INFINITY;
    if (how == MIN) return (double)INFINITY;
    return how == PROD ? 1 : 0;
}

static double add_double(reduction how, double sum, double x, double shift)
{
    switch (how) {
    case MAX:
        return isnan(sum) || sum > x ? sum : x;
    case MIN:
        return isnan(sum) || sum < x ? sum : x;
    case PROD:
        return sum * x;
    case L1:
        return sum + fabs(x);
    case L2:
    case SUM_SQUARE:
        return sum + x * x;
    case LOG_SUM_EXP:
        return sum + fdml_exp(x - shift);
    default:
        return sum + x;
    }
}

static double merge_double(reduction how, double a, double b)
{
    return how == MAX || how == MIN || how == PROD ? add_double(how, a, b, 0) : a + b;
}

/* Adds the job's items for the results of a group, whose first items lie at base and after. */
static void gather_doubles(const job *j, reduction how, size_t base, size_t n, double *sum,
                           const double *shift)
{
    double x[FDML_ITEMS_CHUNK], part[PARTS];
    const axis *last = j->n_reduced ? &j->reduced[j->n_reduced - 1] : NULL;
    for (size_t i = 0; i < n; i++) sum[i] = start_double(how);
    if (!last || last->stride != 1) {
        for (size_t r = 0; r < j->n_each; r++) {
            fdml_items_get_double(x, j->x, base + place(j->reduced, j->n_reduced, r), n, false);
            for (size_t i = 0; i < n; i++) sum[i] = add_double(how, sum[i], x[i], shift[i]);
        }
        return;
    }
    for (int p = 0; p < PARTS; p++) part[p] = start_double(how);
    for (size_t r = 0; r < j->n_each; r += last->dim) {
        const size_t row = base + place(j->reduced, j->n_reduced, r);
        for (size_t c = 0; c < last->dim; c += FDML_ITEMS_CHUNK) {
            const size_t left = last->dim - c;
            const size_t m = left < FDML_ITEMS_CHUNK ? left : FDML_ITEMS_CHUNK;
            fdml_items_get_double(x, j->x, row + c, m, false);
            for (size_t i = 0; i < m; i++)
                part[i % PARTS] = add_double(how, part[i % PARTS], x[i], shift[0]);
        }
    }
    for (int p = 0; p < PARTS; p++) sum[0] = merge_double(how, sum[0], part[p]);
}

static double finish_double(const job *j, double sum, double shift)
{
    switch (j->how) {
    case MEAN:
        return sum / (double)j->n_each;
    case L2:
        return sqrt(sum);
    case LOG_SUM:
        return fdml_log(sum);
    case LOG_SUM_EXP: /* infinite or NaN as the largest item is */
        return isfinite(shift) ? shift + fdml_log(sum) : shift;
    default:
        return sum;
    }
}

static void reduce_doubles(const job *j, size_t first, size_t base, size_t n)
{
    double sum[LANES] = { 0 }, shift[LANES] = { 0 };
    if (j->how == LOG_SUM_EXP) gather_doubles(j, MAX, base, n, shift, sum);
    gather_doubles(j, j->how, base, n, sum, shift);
    for (size_t i = 0; i < n; i++) sum[i] = finish_double(j, sum[i], shift[i]);
    fdml_items_put_double(j->y, first, n, sum, true);
}

static int64_t add_int(const job *j, int64_t sum, int64_t x)
{
    const uint64_t a = (uint64_t)sum, b = (uint64_t)x;
    const bool is_u64 = j->x->type == FDML_TYPE_U64;
    const bool is_less = is_u64 ? a < b : sum < x;
    switch (j->how) {
    case MAX:
        return is_less ? x : sum;
    case MIN:
        return is_less ? sum : x;
    case PROD:
        return (int64_t)(a * b);
    case L1:
        return (int64_t)(a + (x < 0 && !is_u64 ? 0 - b : b));
    case L2:
    case SUM_SQUARE:
        return (int64_t)(a + b * b);
    default:
        return (int64_t)(a + b);
    }
}

/* The least and the largest of the type begin Max and Min: what an empty set gives. */
static int64_t start_int(const job *j)
{
    const fdml_type type = j->x->type;
    const bool is_signed = FDML_TYPES_SIGNED & FDML_TYPE_BIT(type);
    const unsigned n_bits = 8 * (unsigned)fdml_type_size(type);
    if (j->how == PROD) return 1;
    if (j->how == MIN && type == FDML_TYPE_BOOL) return 1;
    if (j->how == MIN) return (int64_t)(UINT64_MAX >> (64 - n_bits + is_signed));
    if (j->how == MAX && is_signed) return -(int64_t)(UINT64_MAX >> (65 - n_bits)) - 1;
    return 0;
}

/* Integer means drop the fraction; roots and logarithms are taken in double. */
static void finish_int(const job *j, size_t at, int64_t sum)
{
    const bool is_u64 = j->x->type == FDML_TYPE_U64;
    const double wide = is_u64 ? (double)(uint64_t)sum : (double)sum;
    if (j->how == L2 || j->how == LOG_SUM) {
        const double value = finish_double(j, wide, 0);
        fdml_items_put_double(j->y, at, 1, &value, true);
        return;
    }
    if (j->how == MEAN && j->n_each)
        sum = is_u64 ? (int64_t)((uint64_t)sum / j->n_each) : sum / (int64_t)j->n_each;
    fdml_items_put_int(j->y, at, 1, &sum, is_u64);
}

static void reduce_ints(const job *j, size_t first, size_t base, size_t n)
{
    int64_t sum[LANES], x[LANES];
    for (size_t i = 0; i < n; i++) sum[i] = start_int(j);
    for (size_t r = 0; r < j->n_each; r++) {
        fdml_items_get_int(x, j->x, base + place(j->reduced, j->n_reduced, r), n, false);
        for (size_t i = 0; i < n; i++) sum[i] = add_int(j, sum[i], x[i]);
    }
    for (size_t i = 0; i < n; i++) finish_int(j, first + i, sum[i]);
}

/* Block b is the b-th group: `row` results split into groups, never across rows. */
static void run_group(void *ctx, size_t block, int thread)
{
    (void)thread;
    const job *j = ctx;
    const size_t per_row = (j->row + j->group - 1) / j->group;
    const size_t column = block % per_row * j->group, left = j->row - column;
    const size_t first = block / per_row * j->row + column;
    const size_t n = left < j->group ? left : j->group;
    const size_t base = place(j->kept, j->n_kept, first);
    /* The logarithm of a sum of exponentials has no form in integers. */
    if (fdml_items_way(j->x->type) == FDML_WAY_INT && j->how != LOG_SUM_EXP)
        reduce_ints(j, first, base, n);
    else
        reduce_doubles(j, first, base, n);
}

fdml_status fdml_run_reduce(const fdml_op_call *call, fdml_error *err)
{
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y || y->n_items == 0) return FDML_OK;
    bool is_reduced[FDML_MAX_RANK], is_noop;
    job j = { .x = call->input[0], .y = y, .how = reduction_of(call), .group = 1, .row = 1 };
    FDML_TRY(find_axes(call, is_reduced, &is_noop, err));
    if (is_noop) {
        memcpy(y->data, j.x->data, fdml_tensor_size(y));
        return FDML_OK;
    }
    j.n_each = j.x->n_items / y->n_items;
    if (j.n_each) split_axes(&j, is_reduced);
    if (j.n_kept && j.kept[j.n_kept - 1].stride == 1) {
        j.row = j.kept[j.n_kept - 1].dim;
        j.group = j.row < LANES ? j.row : LANES;
    }
    const size_t n_groups = y->n_items / j.row * ((j.row + j.group - 1) / j.group);
    fdml_parallel(n_groups, call->n_threads, run_group, &j);
    return FDML_OK;
}
