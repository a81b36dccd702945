/* op_matmul.c - MatMul and Gemm.
 *
 * Specification: MatMul 1, 9, 13; Gemm 6, 7, 9, 11, 13. Gemm is alpha * A' B' + beta * C with
 * C broadcast to the result; `broadcast` of opset 6 adds nothing to that.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/matrix_product.h"
#include "model/ops.h"
#include "model/real.h"

static fdml_status check_types(const fdml_op_call *call, fdml_error *err)
{
    const fdml_type type = call->input[0]->type;
    if (!fdml_product_takes(type))
        return fdml_op_fail(call, err, FDML_E_UNSUPPORTED, "input 0 of type %s",
                            fdml_type_name(type));
    for (size_t i = 1; i < call->n_inputs; i++)
        if (call->input[i] && call->input[i]->type != type)
            return fdml_op_fail(call, err, FDML_E_DATA, "input %zu is %s, input 0 is %s", i,
                                fdml_type_name(call->input[i]->type), fdml_type_name(type));
    return FDML_OK;
}

static fdml_status fail_shapes(const fdml_op_call *call, fdml_error *err)
{
    char a[FDML_SHAPE_TEXT], b[FDML_SHAPE_TEXT];
    return fdml_op_fail(call, err, FDML_E_DATA, "shapes %s and %s do not multiply",
                        fdml_tensor_shape_text(call->input[0], a),
                        fdml_tensor_shape_text(call->input[1], b));
}

/* --- MatMul ------------------------------------------------------------------------------ */

/* Matrices of an operand; a vector is a row on the left, a column on the right. */
static void split(size_t *rows, size_t *cols, fdml_tensor *pile, const fdml_tensor *x,
                  bool is_left)
{
    *pile = *x;
    if (x->rank == 1) {
        *rows = is_left ? 1 : x->dim[0];
        *cols = is_left ? x->dim[0] : 1;
        pile->rank = 0;
        return;
    }
    *rows = x->dim[x->rank - 2];
    *cols = x->dim[x->rank - 1];
    pile->rank = x->rank - 2;
}

typedef struct matmul_shape {
    size_t m, n, k;
    fdml_tensor a_pile, b_pile, pile; /* shapes of the stacks of matrices */
} matmul_shape;

static fdml_status get_shape(matmul_shape *s, const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *a = call->input[0], *b = call->input[1];
    size_t b_rows;
    if (!a->rank || !b->rank) return fail_shapes(call, err);
    split(&s->m, &s->k, &s->a_pile, a, true);
    split(&b_rows, &s->n, &s->b_pile, b, false);
    if (b_rows != s->k) return fail_shapes(call, err);
    const fdml_tensor *const piles[] = { &s->a_pile, &s->b_pile };
    for (int d = 1; d <= s->a_pile.rank && d <= s->b_pile.rank; d++) {
        const size_t x = s->a_pile.dim[s->a_pile.rank - d];
        const size_t y = s->b_pile.dim[s->b_pile.rank - d];
        if (x != y && x != 1 && y != 1) return fail_shapes(call, err);
    }
    return fdml_op_broadcast(call, &s->pile, 2, piles, err);
}

fdml_status fdml_infer_matmul(const fdml_op_call *call, fdml_error *err)
{
    matmul_shape s;
    FDML_TRY(check_types(call, err));
    FDML_TRY(get_shape(&s, call, err));
    size_t dim[FDML_MAX_RANK + 2];
    int rank = s.pile.rank;
    memcpy(dim, s.pile.dim, sizeof s.pile.dim);
    if (call->input[0]->rank > 1) dim[rank++] = s.m;
    if (call->input[1]->rank > 1) dim[rank++] = s.n;
    return fdml_op_set(call, 0, call->input[0]->type, rank, dim, err);
}

/* Which matrix of `own` stands at each place of the broadcast pile. */
static fdml_status list_matrices(const size_t **index, const fdml_tensor *own,
                                 const fdml_tensor *pile, const fdml_op_call *call,
                                 fdml_error *err)
{
    size_t *list = NULL;
    FDML_TRY(fdml_op_scratch(call, &list, pile->n_items, sizeof *list, err));
    for (size_t i = 0; i < pile->n_items; i++) {
        size_t rest = i, stride = 1;
        list[i] = 0;
        for (int d = 1; d <= own->rank; d++) {
            const size_t full = pile->dim[pile->rank - d], size = own->dim[own->rank - d];
            if (size > 1) list[i] += rest % full * stride;
            rest /= full;
            stride *= size;
        }
    }
    *index = list;
    return FDML_OK;
}

fdml_status fdml_run_matmul(const fdml_op_call *call, fdml_error *err)
{
    matmul_shape s;
    FDML_TRY(get_shape(&s, call, err));
    fdml_product product = { .a = call->input[0],
                             .b = call->input[1],
                             .c = call->output[0],
                             .m = s.m,
                             .n = s.n,
                             .k = s.k,
                             .n_pairs = s.pile.n_items };
    /* One matrix on the right: the stack on the left is one tall matrix. */
    if (s.b_pile.rank == 0 && s.pile.n_items) {
        product.m *= product.n_pairs;
        product.n_pairs = 1;
        return fdml_product_run(&product, call, err);
    }
    FDML_TRY(list_matrices(&product.a_index, &s.a_pile, &s.pile, call, err));
    FDML_TRY(list_matrices(&product.b_index, &s.b_pile, &s.pile, call, err));
    return fdml_product_run(&product, call, err);
}

/* --- Gemm -------------------------------------------------------------------------------- */

static fdml_status get_product(fdml_product *p, const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *a = call->input[0], *b = call->input[1];
    if (a->rank != 2 || b->rank != 2) return fail_shapes(call, err);
    *p = (fdml_product){ .a = a,
                         .b = b,
                         .a_is_transposed = fdml_node_int(call->node, "transA", 0) != 0,
                         .b_is_transposed = fdml_node_int(call->node, "transB", 0) != 0,
                         .n_pairs = 1 };
    p->m = a->dim[p->a_is_transposed];
    p->k = a->dim[!p->a_is_transposed];
    p->n = b->dim[!p->b_is_transposed];
    if (b->dim[p->b_is_transposed] != p->k) return fail_shapes(call, err);
    return FDML_OK;
}

/* Strides of C's items along the rows and columns of the result. */
static fdml_status get_strides(size_t stride[2], const fdml_product *p,
                               const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *c = fdml_op_input(call, 2);
    const size_t full[2] = { p->m, p->n };
    size_t dim[2] = { 1, 1 };
    char text[FDML_SHAPE_TEXT];
    stride[0] = stride[1] = 0;
    if (!c) return FDML_OK;
    bool fits = c->rank <= 2;
    for (int d = 1; fits && d <= c->rank; d++) dim[2 - d] = c->dim[c->rank - d];
    for (int d = 0; d < 2; d++) fits = fits && (dim[d] == 1 || dim[d] == full[d]);
    if (!fits)
        return fdml_op_fail(call, err, FDML_E_DATA,
                            "C of shape %s does not broadcast to [%zu,%zu]",
                            fdml_tensor_shape_text(c, text), p->m, p->n);
    if (dim[0] > 1) stride[0] = dim[1];
    if (dim[1] > 1) stride[1] = 1;
    return FDML_OK;
}

fdml_status fdml_infer_gemm(const fdml_op_call *call, fdml_error *err)
{
    fdml_product p;
    size_t stride[2];
    FDML_TRY(check_types(call, err));
    FDML_TRY(get_product(&p, call, err));
    FDML_TRY(get_strides(stride, &p, call, err));
    return fdml_op_set(call, 0, call->input[0]->type, 2, (const size_t[]){ p.m, p.n }, err);
}

static void finish_floats(float *y, const fdml_product *p, const unsigned char *c,
                          const size_t stride[2], const float factor[2])
{
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++, y++) {
            float added;
            *y *= factor[0];
            if (!c) continue;
            memcpy(&added, c + (i * stride[0] + j * stride[1]) * sizeof added, sizeof added);
            *y += factor[1] * added;
        }
}

static void finish_doubles(fdml_tensor *y, const fdml_product *p, const fdml_tensor *c,
                           const size_t stride[2], const float factor[2])
{
    for (size_t i = 0; i < y->n_items; i++) {
        double value, added = 0;
        fdml_reals_load(&value, y, i, 1);
        if (c) fdml_reals_load(&added, c, i / p->n * stride[0] + i % p->n * stride[1], 1);
        value = value * (double)factor[0] + added * (double)factor[1];
        fdml_reals_store(y, i, &value, 1);
    }
}

/* alpha and beta 1: nothing leaves the integers. */
static void finish_integers(fdml_tensor *y, const fdml_product *p, const fdml_tensor *c,
                            const size_t stride[2])
{
    const size_t size = fdml_type_size(y->type);
    for (size_t i = 0; i < y->n_items; i++) {
        const size_t at = i / p->n * stride[0] + i % p->n * stride[1];
        uint64_t value = 0, added = 0;
        memcpy(&value, (unsigned char *)y->data + i * size, size);
        memcpy(&added, (const unsigned char *)c->data + at * size, size);
        value += added;
        memcpy((unsigned char *)y->data + i * size, &value, size);
    }
}

fdml_status fdml_run_gemm(const fdml_op_call *call, fdml_error *err)
{
    const fdml_tensor *c = fdml_op_input(call, 2);
    fdml_tensor *y = call->output[0];
    fdml_product p;
    size_t stride[2];
    FDML_TRY(get_product(&p, call, err));
    FDML_TRY(get_strides(stride, &p, call, err));
    const float factor[2] = { fdml_node_float(call->node, "alpha", 1),
                              fdml_node_float(call->node, "beta", 1) };
    const bool is_plain = factor[0] == 1 && (!c || factor[1] == 1);
    p.c = y;
    FDML_TRY(fdml_product_run(&p, call, err));
    if (!c && is_plain) return FDML_OK;
    if (y->type == FDML_TYPE_F32)
        finish_floats(y->data, &p, c ? c->data : NULL, stride, factor);
    else if (fdml_type_is_real(y->type) || !is_plain)
        finish_doubles(y, &p, c, stride, factor);
    else
        finish_integers(y, &p, c, stride);
    return FDML_OK;
}
