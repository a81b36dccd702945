/* op_case.c - see op_case.h.
 * SPDX-License-Identifier: MIT */
#include "op_case.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/items.h"

static fdml_arena memory;
static fdml_tensor outputs[8];

fdml_tensor op_tensor(fdml_type type, int rank, const size_t *dim, const void *data)
{
    fdml_tensor tensor;
    fdml_error err;
    cr_assert(fdml_tensor_shape(&tensor, type, rank, dim, "test", &err) == FDML_OK, "%s",
              err.text);
    memcpy(&tensor.data, &data, sizeof data);
    return tensor;
}

/* infer, then memory, then run. Inputs lie at odd addresses, as those of a file may. */
static fdml_status apply(const op_case *c, fdml_error *err)
{
    const fdml_op *op = fdml_op_find(c->op);
    cr_assert(op != NULL, "no operator %s", c->op);
    fdml_arena_close(&memory);
    const fdml_tensor *input[OP_CASE_MAX];
    fdml_tensor given[OP_CASE_MAX], *output[8];
    const uint32_t none[8] = { FDML_NO_VALUE, FDML_NO_VALUE, FDML_NO_VALUE, FDML_NO_VALUE,
                               FDML_NO_VALUE, FDML_NO_VALUE, FDML_NO_VALUE, FDML_NO_VALUE };
    const size_t n_outputs = c->n_outputs ? c->n_outputs : 1;
    for (size_t i = 0; i < c->n_inputs; i++) {
        const size_t size = fdml_tensor_size(&c->input[i]);
        char *copy = fdml_arena_push(&memory, size + 1, 1);
        given[i] = c->input[i];
        if (size) memcpy(copy + 1, c->input[i].data, size);
        given[i].data = given[i].type == FDML_TYPE_F16 || given[i].type == FDML_TYPE_F32
                            ? copy + 1
                            : c->input[i].data;
        if (c->hides_data >> i & 1) given[i].data = NULL;
        input[i] = c->input[i].type == FDML_TYPE_NONE ? NULL : &given[i];
    }
    for (size_t i = 0; i < n_outputs; i++) output[i] = &outputs[i];
    const fdml_graph graph = { .name = "net" };
    const fdml_node node = { .op = op,
                             .name = "",
                             .opset = c->opset,
                             .n_inputs = (uint32_t)c->n_inputs,
                             .n_outputs = (uint32_t)n_outputs,
                             .n_attrs = (uint32_t)c->n_attrs,
                             .input = none,
                             .output = none,
                             .attr = c->attr };
    fdml_op_call call = { .graph = &graph,
                          .node = &node,
                          .n_inputs = c->n_inputs,
                          .n_outputs = n_outputs,
                          .input = input,
                          .output = output,
                          .kernels = fdml_kernels_best(),
                          .n_threads = c->n_threads ? c->n_threads : 1,
                          .work = &memory };
    FDML_TRY(op->infer(&call, err));
    for (size_t i = 0; i < c->n_inputs; i++)
        if (!given[i].data) memcpy(&given[i].data, &c->input[i].data, sizeof(void *));
    for (size_t i = 0; i < n_outputs; i++)
        FDML_TRY(fdml_tensor_alloc(&outputs[i], &memory, "output", err));
    return op->run(&call, err);
}

const fdml_tensor *op_run(const op_case *c)
{
    fdml_error err = { .text = "" };
    cr_assert(apply(c, &err) == FDML_OK, "%s", err.text);
    return outputs;
}

void op_refuses(const op_case *c, fdml_status status, const char *text)
{
    fdml_error err = { .text = "" };
    char want[FDML_ERROR_MAX];
    snprintf(want, sizeof want, "net: node 0 (%s): %s", c->op, text);
    const fdml_status got = apply(c, &err);
    cr_assert(got == status, "status %d, expected %d: %s", (int)got, (int)status, err.text);
    cr_assert_str_eq(err.text, want, "said: %s", err.text);
}

static void expect_shape(const fdml_tensor *got, const fdml_tensor *want)
{
    char a[FDML_SHAPE_TEXT], b[FDML_SHAPE_TEXT];
    cr_assert(got->type == want->type, "type %s, expected %s", fdml_type_name(got->type),
              fdml_type_name(want->type));
    cr_assert(fdml_tensor_same_shape(got, want), "shape %s, expected %s",
              fdml_tensor_shape_text(got, a), fdml_tensor_shape_text(want, b));
}

static double number_at(const fdml_tensor *items, size_t i)
{
    double value;
    fdml_items_get_double(&value, items, i, 1, true);
    return value;
}

void op_expect(const fdml_tensor *got, fdml_tensor want)
{
    expect_shape(got, &want);
    for (size_t i = 0; i < want.n_items; i++) {
        if (want.type == FDML_TYPE_STRING) {
            const char *const *a = got->data, *const *b = want.data;
            cr_assert_str_eq(a[i], b[i], "item %zu: %s, expected %s", i, a[i], b[i]);
            continue;
        }
        const double a = number_at(got, i), b = number_at(&want, i);
        if (isnan(a) && isnan(b)) continue;
        cr_assert(
            !memcmp(fdml_items_at(got, i), fdml_items_at(&want, i), fdml_type_size(want.type)),
            "item %zu: %.17g, expected %.17g", i, a, b);
    }
}

void op_expect_near(const fdml_tensor *got, fdml_tensor want, double tolerance)
{
    expect_shape(got, &want);
    for (size_t i = 0; i < want.n_items; i++) {
        const double a = number_at(got, i), b = number_at(&want, i);
        if (a == b || (isnan(a) && isnan(b))) continue;
        cr_assert(fabs(a - b) <= tolerance * (1 + fabs(b)), "item %zu: %.17g, expected %.17g",
                  i, a, b);
    }
}
