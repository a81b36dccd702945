/* op_unary.c - operators of one input and one formula per item: activations, exp, rounding.
 *
 * A table gives each its kernel's kind and where alpha and beta come from. float16 and bfloat16
 * are computed in float and rounded once; the few that integers have are computed in int64.
 * SPDX-License-Identifier: MIT */
#include <float.h>
#include <math.h>
#include <string.h>

#include "model/each.h"
#include "model/items.h"
#include "model/op_check.h"
#include "model/ops.h"

typedef struct unary {
    const char *name;
    fdml_act kind;
    const char *alpha, *beta; /* attributes, or NULL */
    float alpha_default, beta_default;
    unsigned more_types; /* beside the floats */
} unary;

/* Selu's constants are those of the specification, to the float. */
static const unary unaries[] = {
    { "Relu", FDML_ACT_RELU, NULL, NULL, 0, 0, FDML_TYPES_SIGNED },
    { "LeakyRelu", FDML_ACT_LEAKY_RELU, "alpha", NULL, 0.01f, 0, 0 },
    { "ThresholdedRelu", FDML_ACT_THRESHOLDED_RELU, "alpha", NULL, 1, 0, 0 },
    { "Elu", FDML_ACT_ELU, "alpha", NULL, 1, 0, 0 },
    { "Selu", FDML_ACT_SELU, "alpha", "gamma", 1.67326319217681884765625f,
      1.05070102214813232421875f, 0 },
    { "Celu", FDML_ACT_CELU, "alpha", NULL, 1, 0, 0 },
    { "Sigmoid", FDML_ACT_SIGMOID, NULL, NULL, 0, 0, 0 },
    { "HardSigmoid", FDML_ACT_HARD_SIGMOID, "alpha", "beta", 0.2f, 0.5f, 0 },
    { "HardSwish", FDML_ACT_HARD_SWISH, NULL, NULL, 0, 0, 0 },
    { "Mish", FDML_ACT_MISH, NULL, NULL, 0, 0, 0 },
    { "Softplus", FDML_ACT_SOFTPLUS, NULL, NULL, 0, 0, 0 },
    { "Softsign", FDML_ACT_SOFTSIGN, NULL, NULL, 0, 0, 0 },
    { "Tanh", FDML_ACT_TANH, NULL, NULL, 0, 0, 0 },
    { "Gelu", FDML_ACT_GELU, NULL, NULL, 0, 0, 0 },
    { "Erf", FDML_ACT_ERF, NULL, NULL, 0, 0, 0 },
    { "Exp", FDML_ACT_EXP, NULL, NULL, 0, 0, 0 },
    { "Log", FDML_ACT_LOG, NULL, NULL, 0, 0, 0 },
    { "Sqrt", FDML_ACT_SQRT, NULL, NULL, 0, 0, 0 },
    { "Reciprocal", FDML_ACT_RECIPROCAL, NULL, NULL, 0, 0, 0 },
    { "Abs", FDML_ACT_ABS, NULL, NULL, 0, 0, FDML_TYPES_INTEGER },
    { "Neg", FDML_ACT_NEG, NULL, NULL, 0, 0, FDML_TYPES_SIGNED },
    { "Sign", FDML_ACT_SIGN, NULL, NULL, 0, 0, FDML_TYPES_INTEGER },
    { "Floor", FDML_ACT_FLOOR, NULL, NULL, 0, 0, 0 },
    { "Ceil", FDML_ACT_CEIL, NULL, NULL, 0, 0, 0 },
    { "Round", FDML_ACT_ROUND, NULL, NULL, 0, 0, 0 },
    { "Sin", FDML_ACT_SIN, NULL, NULL, 0, 0, 0 },
    { "Cos", FDML_ACT_COS, NULL, NULL, 0, 0, 0 },
};

static const unary *find(const fdml_op_call *call)
{
    size_t i = 0;
    while (strcmp(unaries[i].name, call->node->op->name) != 0) i++;
    return &unaries[i];
}

fdml_status fdml_infer_unary(const fdml_op_call *call, fdml_error *err)
{
    const unary *u = find(call);
    FDML_TRY(fdml_op_check_type(call, 0, FDML_TYPES_FLOAT | u->more_types, err));
    if (u->kind == FDML_ACT_GELU) {
        const char *how = fdml_node_text(call->node, "approximate", "none");
        if (strcmp(how, "none") != 0 && strcmp(how, "tanh") != 0)
            return fdml_op_fail(call, err, FDML_E_UNSUPPORTED,
                                "approximate is \"%.80s\", expected none or tanh", how);
    }
    return fdml_op_set_like(call, 0, call->input[0]->type, call->input[0], err);
}

typedef struct job {
    const fdml_tensor *x, *y;
    const fdml_kernels *kernels;
    fdml_act kind;
    float alpha, beta;
    int64_t low, high; /* Clip of integers */
    double wide_alpha, wide_beta;
} job;

/* Of unsigned types nothing is negative, and uint64's bits are never looked at as a sign. */
static int64_t of_int(fdml_act kind, int64_t x, bool is_signed)
{
    const bool is_negative = is_signed && x < 0;
    switch (kind) {
    case FDML_ACT_RELU:
        return is_negative ? 0 : x;
    case FDML_ACT_ABS:
        return is_negative ? (int64_t)(0 - (uint64_t)x) : x;
    case FDML_ACT_NEG:
        return (int64_t)(0 - (uint64_t)x);
    default: /* Sign */
        return is_negative ? -1 : x != 0;
    }
}

static int64_t clip_int(const job *j, int64_t x)
{
    if (j->x->type == FDML_TYPE_U64) {
        const uint64_t low = (uint64_t)j->low, high = (uint64_t)j->high, u = (uint64_t)x;
        const uint64_t y = u < low ? low : u;
        return (int64_t)(y > high ? high : y);
    }
    const int64_t y = x < j->low ? j->low : x;
    return y > j->high ? j->high : y;
}

static void chunk(const job *j, size_t first, size_t n)
{
    float x[FDML_ITEMS_CHUNK];
    double wide[FDML_ITEMS_CHUNK];
    int64_t ints[FDML_ITEMS_CHUNK];
    const bool is_signed = FDML_TYPES_SIGNED & FDML_TYPE_BIT(j->x->type);
    switch (fdml_items_way(j->x->type)) {
    case FDML_WAY_FLOAT:
        fdml_items_get_float(x, j->x, first, n, false);
        j->kernels->activate(x, x, n, (int)j->kind, j->alpha, j->beta);
        fdml_items_put_float(j->y, first, n, x);
        break;
    case FDML_WAY_DOUBLE:
        fdml_items_get_double(wide, j->x, first, n, false);
        j->kernels->activate_double(wide, wide, n, (int)j->kind, j->wide_alpha, j->wide_beta);
        fdml_items_put_double(j->y, first, n, wide, true);
        break;
    default:
        fdml_items_get_int(ints, j->x, first, n, false);
        for (size_t i = 0; i < n; i++)
            ints[i] = j->kind == FDML_ACT_CLIP ? clip_int(j, ints[i])
                                               : of_int(j->kind, ints[i], is_signed);
        fdml_items_put_int(j->y, first, n, ints, false);
    }
}

static void run_piece(void *ctx, const fdml_piece *piece)
{
    const job *j = ctx;
    if (fdml_items_are_floats(j->x)) {
        j->kernels->activate(fdml_items_at(j->y, piece->first),
                             fdml_items_at(j->x, piece->first), piece->n, (int)j->kind,
                             j->alpha, j->beta);
        return;
    }
    for (size_t i = 0; i < piece->n; i += FDML_ITEMS_CHUNK) {
        const size_t left = piece->n - i;
        chunk(j, piece->first + i, left < FDML_ITEMS_CHUNK ? left : FDML_ITEMS_CHUNK);
    }
}

fdml_status fdml_run_unary(const fdml_op_call *call, fdml_error *err)
{
    (void)err;
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y) return FDML_OK;
    const unary *u = find(call);
    job j = { .x = call->input[0], .y = y, .kernels = call->kernels, .kind = u->kind };
    j.alpha = u->alpha ? fdml_node_float(call->node, u->alpha, u->alpha_default) : 0;
    j.beta = u->beta ? fdml_node_float(call->node, u->beta, u->beta_default) : 0;
    j.wide_alpha = (double)j.alpha, j.wide_beta = (double)j.beta;
    if (j.kind == FDML_ACT_GELU &&
        !strcmp(fdml_node_text(call->node, "approximate", "none"), "tanh"))
        j.kind = FDML_ACT_GELU_TANH;
    fdml_each(y, 0, NULL, call->n_threads, run_piece, &j);
    return FDML_OK;
}

/* --- Clip ---------------------------------------------------------------------------------
 * Limits are attributes of floats before operator set 11, then inputs of the type of x. One
 * that is missing is no limit; the attributes' defaults are the ends of float. */

fdml_status fdml_infer_clip(const fdml_op_call *call, fdml_error *err)
{
    const bool has_inputs = call->node->opset >= 11;
    FDML_TRY(
        fdml_op_check_types(call, 3, has_inputs ? FDML_TYPES_NUMBER : FDML_TYPES_FLOAT, err));
    for (size_t i = 1; i < 3; i++) {
        const fdml_tensor *limit = fdml_op_input(call, i);
        if (!limit) continue;
        if (!has_inputs)
            return fdml_op_fail(call, err, FDML_E_DATA,
                                "input %zu, but operator set %d has attributes", i,
                                call->node->opset);
        if (limit->n_items != 1)
            return fdml_op_fail(call, err, FDML_E_DATA, "input %zu has %zu items, expected 1",
                                i, limit->n_items);
    }
    return fdml_op_set_like(call, 0, call->input[0]->type, call->input[0], err);
}

static void integer_limits(job *j)
{
    static const struct {
        fdml_type type;
        int64_t low, high;
    } limits[] = {
        { FDML_TYPE_I8, INT8_MIN, INT8_MAX },    { FDML_TYPE_U8, 0, UINT8_MAX },
        { FDML_TYPE_I16, INT16_MIN, INT16_MAX }, { FDML_TYPE_U16, 0, UINT16_MAX },
        { FDML_TYPE_I32, INT32_MIN, INT32_MAX }, { FDML_TYPE_U32, 0, UINT32_MAX },
        { FDML_TYPE_I64, INT64_MIN, INT64_MAX }, { FDML_TYPE_U64, 0, -1 }, /* all bits */
    };
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (limits[i].type == j->x->type) j->low = limits[i].low, j->high = limits[i].high;
}

static void read_limits(job *j, const fdml_tensor *low, const fdml_tensor *high)
{
    switch (fdml_items_way(j->x->type)) {
    case FDML_WAY_FLOAT:
    case FDML_WAY_DOUBLE:
        if (low) fdml_items_get_double(&j->wide_alpha, low, 0, 1, true);
        if (high) fdml_items_get_double(&j->wide_beta, high, 0, 1, true);
        j->alpha = (float)j->wide_alpha, j->beta = (float)j->wide_beta;
        break;
    default:
        integer_limits(j);
        if (low) fdml_items_get_int(&j->low, low, 0, 1, true);
        if (high) fdml_items_get_int(&j->high, high, 0, 1, true);
    }
}

fdml_status fdml_run_clip(const fdml_op_call *call, fdml_error *err)
{
    (void)err;
    fdml_tensor *y = fdml_op_output(call, 0);
    if (!y) return FDML_OK;
    job j = { .x = call->input[0], .y = y, .kernels = call->kernels, .kind = FDML_ACT_CLIP };
    j.wide_alpha = -(double)INFINITY, j.wide_beta = (double)INFINITY;
    if (call->node->opset < 11) {
        j.wide_alpha = (double)fdml_node_float(call->node, "min", -FLT_MAX);
        j.wide_beta = (double)fdml_node_float(call->node, "max", FLT_MAX);
    }
    read_limits(&j, fdml_op_input(call, 1), fdml_op_input(call, 2));
    fdml_each(y, 0, NULL, call->n_threads, run_piece, &j);
    return FDML_OK;
}
