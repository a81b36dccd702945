/* op.c - the list of operators, and what all of them need. See op.h.
 * SPDX-License-Identifier: MIT */
#include "model/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/ops.h"

/* In the order of the lists; a row without a name ends it. */
static const fdml_op ops[] = {
#define OP(name_, since_, min_in, max_in, max_out, infer_, run_)                               \
    { .name = #name_,                                                                          \
      .since = since_,                                                                         \
      .min_inputs = min_in,                                                                    \
      .max_inputs = max_in,                                                                    \
      .max_outputs = max_out,                                                                  \
      .infer = fdml_infer_##infer_,                                                            \
      .run = fdml_run_##run_ },
#include "model/ops.def"
#undef OP
    { .name = NULL },
};

const fdml_op *fdml_op_find(const char *name)
{
    for (const fdml_op *op = ops; op->name; op++)
        if (!strcmp(op->name, name)) return op;
    return NULL;
}

const fdml_op *fdml_op_list(size_t index)
{
    return index < sizeof ops / sizeof *ops && ops[index].name ? &ops[index] : NULL;
}

fdml_status fdml_op_fail(const fdml_op_call *call, fdml_error *err, fdml_status status,
                         const char *format, ...)
{
    char why[FDML_ERROR_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    if (!call->node) return fdml_fail(err, status, "%s", why);
    return fdml_node_fail(err, status, call->graph, call->node, "%s", why);
}

/* The name of what is joined to input or output i of the node, "" where nothing is. */
static const char *edge_name(const fdml_op_call *call, const uint32_t *id, uint32_t n, size_t i)
{
    if (i >= n || id[i] == FDML_NO_VALUE || !call->graph->value) return "";
    return call->graph->value[id[i]].name;
}

fdml_status fdml_op_unknown(const fdml_op_call *call, size_t i, fdml_error *err)
{
    const fdml_node *node = call->node;
    return fdml_op_fail(
        call, err, FDML_E_UNSUPPORTED,
        "the shape depends on the values of input %zu \"%.90s\", which are only "
        "known in a run",
        i, edge_name(call, node->input, node->n_inputs, i));
}

fdml_status fdml_op_set(const fdml_op_call *call, size_t i, fdml_type type, int rank,
                        const size_t *dim, fdml_error *err)
{
    fdml_tensor *output = fdml_op_output(call, i);
    if (!output) return FDML_OK;
    fdml_error inner;
    char what[128];
    const fdml_node *node = call->node;
    snprintf(what, sizeof what, "output %zu \"%.80s\"", i,
             edge_name(call, node->output, node->n_outputs, i));
    const fdml_status status = fdml_tensor_shape(output, type, rank, dim, what, &inner);
    return status ? fdml_op_fail(call, err, status, "%s", inner.text) : FDML_OK;
}

/* Input i has another size along an axis than what came before it, `size` at `from_end`. */
static fdml_status fail_broadcast(const fdml_op_call *call, const fdml_tensor *const *input,
                                  size_t i, int from_end, size_t size, fdml_error *err)
{
    char first[FDML_SHAPE_TEXT], second[FDML_SHAPE_TEXT];
    size_t k = 0;
    while (input[k]->rank < from_end || input[k]->dim[input[k]->rank - from_end] != size) k++;
    return fdml_op_fail(call, err, FDML_E_DATA, "shapes %s and %s do not broadcast",
                        fdml_tensor_shape_text(input[k], first),
                        fdml_tensor_shape_text(input[i], second));
}

fdml_status fdml_op_broadcast(const fdml_op_call *call, fdml_tensor *shape, size_t n,
                              const fdml_tensor *const *input, fdml_error *err)
{
    size_t dim[FDML_MAX_RANK];
    int rank = 0;
    for (size_t i = 0; i < n; i++)
        if (input[i]->rank > rank) rank = input[i]->rank;
    for (int d = 0; d < rank; d++) dim[d] = 1;
    for (size_t i = 0; i < n; i++) {
        const int skipped = rank - input[i]->rank; /* shapes are aligned at their last axis */
        for (int d = skipped; d < rank; d++) {
            const size_t own = input[i]->dim[d - skipped];
            if (own == 1 || own == dim[d]) continue;
            if (dim[d] != 1) return fail_broadcast(call, input, i, rank - d, dim[d], err);
            dim[d] = own;
        }
    }
    fdml_error inner;
    const fdml_type type = n ? input[0]->type : FDML_TYPE_NONE;
    const fdml_status status =
        fdml_tensor_shape(shape, type, rank, dim, "the broadcast shape", &inner);
    return status ? fdml_op_fail(call, err, status, "%s", inner.text) : FDML_OK;
}

fdml_status fdml_op_axis(const fdml_op_call *call, int *axis, int64_t value, int rank,
                         fdml_error *err)
{
    if (value < -rank || value >= rank)
        return fdml_op_fail(call, err, FDML_E_DATA, "axis %lld of an input of %d dimensions",
                            (long long)value, rank);
    *axis = (int)(value < 0 ? value + rank : value);
    return FDML_OK;
}
