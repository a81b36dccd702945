/* test_model_graph.c - building graphs: order, what is made twice or never, attributes; and the
 * helpers of operators.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "model/graph_build.h"
#include "model/op.h"
#include "scratch.h"

static fdml_arena arena;
static fdml_graph_builder b;
static fdml_graph graph;

static void begin(void)
{
    fdml_arena_init(&arena, 0);
    fdml_graph_builder_init(&b, &arena, "net", 13);
}

static void end(void)
{
    fdml_arena_close(&arena);
}

TestSuite(model_graph, .init = begin, .fini = end);

static uint32_t join(const char *op, const char *name, uint32_t n, const uint32_t *input,
                     const uint32_t *output)
{
    return fdml_graph_builder_add_node(&b, &(fdml_graph_node){ .op = op,
                                                               .name = name,
                                                               .n_inputs = n,
                                                               .input = input,
                                                               .n_outputs = 1,
                                                               .output = output });
}

static void expect_failure(fdml_status status, const char *text)
{
    fdml_error err = { 0 };
    scratch_expect_error(fdml_graph_builder_finish(&b, &graph, &err), &err, status, text);
}

static void finish(void)
{
    fdml_error err = { 0 };
    cr_assert_eq(fdml_graph_builder_finish(&b, &graph, &err), FDML_OK, "%s", err.text);
}

Test(model_graph, straight)
{
    static const int64_t dims[] = { -1, 3 };
    float w[] = { 1, 2, 3 };
    fdml_tensor weights = { FDML_TYPE_F32, 2, { 3, 1 }, 3, w };
    const uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, 2, dims);
    const uint32_t c = fdml_graph_builder_add_constant(&b, "w", &weights);
    const uint32_t y = join("MatMul", "mm", 2, (uint32_t[]){ x, c }, NULL);
    const uint32_t z = join("Softmax", "sm", 1, &y, NULL);
    fdml_graph_builder_add_output(&b, z);
    finish();
    cr_assert(graph.n_values == 4 && graph.n_nodes == 2 && graph.n_inputs == 1);
    cr_assert(graph.input[0] == x && graph.n_outputs == 1 && graph.output[0] == z);
    cr_assert(graph.opset == 13 && graph.node[1].opset == 13 && graph.node[1].index == 1);
    cr_assert_eq(graph.value[c].constant.data, (void *)w);
    cr_assert(graph.value[x].rank == 2 && graph.value[x].dim[0] == -1);
    cr_assert(graph.value[y].rank == -1 && !graph.value[y].constant.data);
    cr_assert_str_eq(graph.value[y].name, "mm");
    cr_assert_str_eq(graph.node[0].op->name, "MatMul");
}

/* Added as 2, 0, 1, 3; each needs the one before. Independent ones keep their places. */
Test(model_graph, order)
{
    const uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, -1, NULL);
    uint32_t v[5];
    for (int i = 0; i < 5; i++) v[i] = fdml_graph_builder_add_value(&b, "v");
    join("Softmax", "third", 1, &v[1], &v[2]);
    join("Softmax", "first", 1, &x, &v[0]);
    join("Softmax", "second", 1, &v[0], &v[1]);
    join("Softmax", "apart", 1, &x, &v[4]);
    join("Softmax", "fourth", 1, &v[2], &v[3]);
    fdml_graph_builder_add_output(&b, v[3]);
    finish();
    static const char *const want[] = { "first", "second", "third", "apart", "fourth" };
    static const uint32_t index[] = { 1, 2, 0, 3, 4 };
    for (int i = 0; i < 5; i++) {
        cr_assert_str_eq(graph.node[i].name, want[i]);
        cr_assert_eq(graph.node[i].index, index[i]);
    }
}

/* A chain added backwards is as deep as it is long. */
Test(model_graph, long_chain_backwards)
{
    enum { N = 100000 };
    uint32_t next = fdml_graph_builder_add_value(&b, "y");
    fdml_graph_builder_add_output(&b, next);
    for (int i = 0; i < N; i++) {
        const uint32_t before =
            i + 1 < N ? fdml_graph_builder_add_value(&b, "v")
                      : fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, -1, NULL);
        join("Softmax", "", 1, &before, &next);
        next = before;
    }
    finish();
    for (int i = 0; i < N; i++) cr_assert_eq(graph.node[i].index, (uint32_t)(N - 1 - i));
}

Test(model_graph, cycle)
{
    const uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, -1, NULL);
    const uint32_t v = fdml_graph_builder_add_value(&b, "v");
    const uint32_t w = fdml_graph_builder_add_value(&b, "w");
    join("Softmax", "fine", 1, &x, NULL);
    join("MatMul", "one", 2, (uint32_t[]){ x, w }, &v);
    join("Softmax", "two", 1, &v, &w);
    fdml_graph_builder_add_output(&b, w);
    expect_failure(FDML_E_FORMAT, "net: node 1 \"one\" (MatMul): it needs its own output: the "
                                  "graph has a cycle");
}

Test(model_graph, undefined_input)
{
    const uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, -1, NULL);
    const uint32_t w = fdml_graph_builder_add_value(&b, "w");
    fdml_graph_builder_add_output(&b, join("Conv", "c", 2, (uint32_t[]){ x, w }, NULL));
    expect_failure(FDML_E_FORMAT, "net: node 0 \"c\" (Conv): input 1 \"w\" is neither an "
                                  "initializer, an input of the graph, nor the output of a "
                                  "node");
}

Test(model_graph, made_twice)
{
    const uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, -1, NULL);
    const uint32_t v = fdml_graph_builder_add_value(&b, "v");
    join("Softmax", "a", 1, &x, &v);
    join("Softmax", "", 1, &x, &v);
    fdml_graph_builder_add_output(&b, v);
    expect_failure(FDML_E_FORMAT, "net: node 1 (Softmax): output 0 \"v\" is made by node 0 "
                                  "already");
}

Test(model_graph, input_is_made)
{
    const uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, -1, NULL);
    join("Softmax", "a", 1, &x, &x);
    fdml_graph_builder_add_output(&b, x);
    expect_failure(FDML_E_FORMAT,
                   "net: node 0 \"a\" (Softmax): its output \"x\" is an input of "
                   "the graph");
}

Test(model_graph, constant_is_made)
{
    fdml_tensor one = { FDML_TYPE_F32, 0, { 0 }, 1, (float[]){ 1 } };
    const uint32_t c = fdml_graph_builder_add_constant(&b, "c", &one);
    join("Softmax", "a", 1, &c, &c);
    fdml_graph_builder_add_output(&b, c);
    expect_failure(FDML_E_FORMAT, "net: node 0 \"a\" (Softmax): output 0 \"c\" is a constant");
}

Test(model_graph, output_is_not_made)
{
    fdml_graph_builder_add_output(&b, fdml_graph_builder_add_value(&b, "y"));
    expect_failure(FDML_E_FORMAT, "net: output \"y\" of the graph is made by no node");
}

Test(model_graph, no_output)
{
    expect_failure(FDML_E_DATA, "net: the graph has no output");
}

/* The first error stays, whatever follows. */
Test(model_graph, unknown_operator)
{
    const uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, -1, NULL);
    join("Softmax", "a", 1, &x, NULL);
    const uint32_t y = join("NonMaxSuppression", "Foo", 1, &x, NULL);
    cr_assert_eq(y, FDML_NO_VALUE);
    fdml_graph_builder_add_output(&b, join("Bar", "b", 1, &y, NULL));
    expect_failure(FDML_E_UNSUPPORTED,
                   "net: node 1 \"Foo\": operator NonMaxSuppression is not supported");
}

static void expect_node_failure(uint32_t n, uint32_t n_outputs, const char *text)
{
    const uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, -1, NULL);
    const uint32_t input[] = { x, x, x, x };
    fdml_graph_builder_add_node(
        &b, &(fdml_graph_node){
                .op = "Conv", .n_inputs = n, .input = input, .n_outputs = n_outputs });
    expect_failure(FDML_E_DATA, text);
}

Test(model_graph, too_few_inputs)
{
    expect_node_failure(1, 1, "net: node 0 (Conv): input 1 of 2 is missing");
}

Test(model_graph, too_many_inputs)
{
    expect_node_failure(4, 1, "net: node 0 (Conv): 4 inputs, expected at most 3");
}

Test(model_graph, too_many_outputs)
{
    expect_node_failure(2, 2, "net: node 0 (Conv): 2 outputs, expected at most 1");
}

Test(model_graph, operator_of_a_later_opset)
{
    const uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, -1, NULL);
    join("LayerNormalization", "ln", 2, (uint32_t[]){ x, x }, NULL);
    expect_failure(FDML_E_DATA, "net: node 0 \"ln\" (LayerNormalization): the operator came "
                                "with opset 17, the model has 13");
}

Test(model_graph, attributes)
{
    int64_t pads[] = { 1, 2 };
    char mode[] = "edge";
    const char *names[] = { "a", "b" };
    const uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, -1, NULL);
    fdml_attr attrs[] = { fdml_attr_int("axis", -1), fdml_attr_float("alpha", 0.5f),
                          fdml_attr_string("mode", mode), fdml_attr_ints("pads", 2, pads),
                          fdml_attr_strings("names", 2, names) };
    fdml_graph_builder_add_output(
        &b, fdml_graph_builder_add_node(&b, &(fdml_graph_node){ .op = "Softmax",
                                                                .n_inputs = 1,
                                                                .input = &x,
                                                                .n_attrs = 5,
                                                                .attr = attrs }));
    pads[0] = 9; /* what was given is copied */
    mode[0] = 'X';
    names[1] = "c";
    finish();
    const fdml_node *n = graph.node;
    cr_assert(fdml_node_int(n, "axis", 7) == -1 && fdml_node_int(n, "other", 7) == 7);
    cr_assert(fdml_node_float(n, "alpha", 1) == 0.5f && fdml_node_float(n, "axis", 1) == 1);
    cr_assert_str_eq(fdml_node_text(n, "mode", ""), "edge");
    cr_assert(fdml_node_attr(n, "pads")->n == 2 && fdml_node_attr(n, "pads")->as.ints[0] == 1);
    cr_assert_str_eq(fdml_node_attr(n, "names")->as.strings[1], "b");
    cr_assert_null(fdml_node_attr(n, "pad"));
}

Test(model_graph, memory_fails_cleanly)
{
    for (size_t limit = 64; limit < 40000; limit += 64) {
        fdml_arena small;
        fdml_error err = { 0 };
        fdml_arena_init(&small, limit);
        fdml_graph_builder_init(&b, &small, "net", 13);
        uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, -1, NULL);
        for (int i = 0; i < 70; i++) x = join("Softmax", "s", 1, &x, NULL);
        fdml_graph_builder_add_output(&b, x);
        const fdml_status status = fdml_graph_builder_finish(&b, &graph, &err);
        cr_assert(status == FDML_OK || status == FDML_E_NOMEM, "%s", err.text);
        fdml_arena_close(&small);
    }
}

/* --- what operators ask --------------------------------------------------------------------
 */

static fdml_op_call call_of(fdml_tensor *const *output)
{
    const uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, -1, NULL);
    fdml_graph_builder_add_output(&b, join("MatMul", "mm", 2, (uint32_t[]){ x, x }, NULL));
    finish();
    return (fdml_op_call){ .graph = &graph,
                           .node = graph.node,
                           .n_inputs = 2,
                           .n_outputs = output ? 1 : 0,
                           .output = output };
}

static fdml_tensor of_shape(int rank, const size_t *dim)
{
    fdml_tensor t;
    cr_assert_eq(fdml_tensor_shape(&t, FDML_TYPE_F32, rank, dim, "t", NULL), FDML_OK);
    return t;
}

/* The examples of ONNX's docs/Broadcasting.md. */
Test(model_graph, broadcast)
{
    static const struct {
        int ra, rb, rank;
        size_t a[4], b[4], want[4];
    } rows[] = {
        { 4, 0, 4, { 2, 3, 4, 5 }, { 0 }, { 2, 3, 4, 5 } },
        { 4, 1, 4, { 2, 3, 4, 5 }, { 5 }, { 2, 3, 4, 5 } },
        { 2, 4, 4, { 4, 5 }, { 2, 3, 4, 5 }, { 2, 3, 4, 5 } },
        { 4, 4, 4, { 1, 4, 5, 1 }, { 2, 1, 1, 3 }, { 2, 4, 5, 3 } },
        { 4, 3, 4, { 2, 3, 4, 5 }, { 3, 1, 1 }, { 2, 3, 4, 5 } },
        { 2, 1, 2, { 0, 3 }, { 1 }, { 0, 3 } },
    };
    const fdml_op_call call = call_of(NULL);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const fdml_tensor p = of_shape(rows[i].ra, rows[i].a),
                          q = of_shape(rows[i].rb, rows[i].b);
        const fdml_tensor *input[] = { &p, &q };
        fdml_tensor shape;
        cr_assert_eq(fdml_op_broadcast(&call, &shape, 2, input, NULL), FDML_OK);
        cr_assert_eq(shape.rank, rows[i].rank);
        cr_assert_arr_eq(shape.dim, rows[i].want, (size_t)shape.rank * sizeof(size_t));
    }
}

Test(model_graph, broadcast_refuses)
{
    static const size_t a[] = { 1, 3 }, c[] = { 2, 1 }, d[] = { 4 };
    const fdml_op_call call = call_of(NULL);
    const fdml_tensor p = of_shape(2, c), q = of_shape(2, a), r = of_shape(1, d);
    const fdml_tensor *input[] = { &p, &q, &r };
    fdml_tensor shape;
    fdml_error err;
    scratch_expect_error(fdml_op_broadcast(&call, &shape, 3, input, &err), &err, FDML_E_DATA,
                         "net: node 0 \"mm\" (MatMul): shapes [1,3] and [4] do not broadcast");
}

Test(model_graph, helpers_of_operators)
{
    static const size_t large[] = { (size_t)1 << 40, (size_t)1 << 40 }, two[] = { 2 };
    fdml_tensor made = { 0 };
    fdml_tensor *output[] = { &made };
    const fdml_op_call call = call_of(output);
    fdml_error err;
    int axis = 9;
    cr_assert_eq(fdml_op_axis(&call, &axis, -1, 3, NULL), FDML_OK);
    cr_assert_eq(axis, 2);
    cr_assert_eq(fdml_op_axis(&call, &axis, -3, 3, NULL), FDML_OK);
    cr_assert_eq(axis, 0);
    scratch_expect_error(fdml_op_axis(&call, &axis, 3, 3, &err), &err, FDML_E_DATA,
                         "net: node 0 \"mm\" (MatMul): axis 3 of an input of 3 dimensions");
    cr_assert_eq(fdml_op_set(&call, 0, FDML_TYPE_F32, 1, two, NULL), FDML_OK);
    cr_assert(made.rank == 1 && made.dim[0] == 2);
    cr_assert_eq(fdml_op_set(&call, 1, FDML_TYPE_F32, 2, large, NULL), FDML_OK, "not asked");
    scratch_expect_error(fdml_op_set(&call, 0, FDML_TYPE_F32, 2, large, &err), &err,
                         FDML_E_LIMIT,
                         "net: node 0 \"mm\" (MatMul): output 0 \"mm\" of shape "
                         "[1099511627776,1099511627776] is larger than any memory");
    scratch_expect_error(fdml_op_unknown(&call, 1, &err), &err, FDML_E_UNSUPPORTED,
                         "net: node 0 \"mm\" (MatMul): the shape depends on the values of "
                         "input 1 \"x\", which are only known in a run");
}

Test(model_graph, list_of_operators)
{
    size_t n = 0;
    for (const fdml_op *op; (op = fdml_op_list(n)) != NULL; n++) {
        cr_assert_eq(fdml_op_find(op->name), op, "%s stands twice", op->name);
        cr_assert(op->infer && op->run && op->since >= 1 && op->since <= 21);
        cr_assert(op->min_inputs <= op->max_inputs && op->max_outputs >= 1, "%s", op->name);
    }
    cr_assert_gt(n, 20u);
    cr_assert_null(fdml_op_find("conv"));
}
