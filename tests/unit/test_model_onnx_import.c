/* test_model_onnx_import.c - ONNX models as graphs, and every way to be refused.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "model/model.h"
#include "model/onnx_import.h"
#include "onnx_maker.h"
#include "scratch.h"

static onnx_maker m;

static void expect_failure(fdml_status status, const char *text)
{
    fdml_graph graph;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    scratch_expect_error(
        fdml_onnx_import_bytes(&graph, "m.onnx", m.bytes, m.n, NULL, &arena, &err), &err,
        status, text);
    cr_assert_eq(arena.used, 0u);
    fdml_arena_close(&arena);
}

static fdml_graph import(fdml_arena *arena)
{
    fdml_graph graph = { 0 };
    fdml_error err = { 0 };
    fdml_arena_init(arena, 0);
    cr_assert_eq(fdml_onnx_import_bytes(&graph, "m.onnx", m.bytes, m.n, NULL, arena, &err),
                 FDML_OK, "%s", err.text);
    return graph;
}

static void node(const char *op, const char *name, const char *inputs, const char *outputs)
{
    maker_node(&m, op, name, inputs, outputs);
    maker_end(&m);
}

/* Ends a graph from "x" to "y". */
static void end_model(void)
{
    maker_value(&m, MAKER_INPUT, "x", -1);
    maker_value(&m, MAKER_OUTPUT, "y", 2);
    maker_end(&m);
}

static void put_attr(const char *name, int type)
{
    maker_begin(&m, MAKER_ATTRIBUTE);
    maker_text(&m, 1, name);
    maker_int(&m, 20, type);
}

static const float two[] = { 1, 2 };

Test(model_onnx_import, names_become_values)
{
    fdml_arena arena;
    maker_model(&m, 3, 9);
    node("Softmax", "last", "a", "y");
    maker_node(&m, "Conv", "first", "x w - ", "a - ");
    put_attr("pads", 7);
    maker_int(&m, 8, 3);
    maker_end(&m);
    maker_end(&m);
    maker_floats(&m, MAKER_INITIALIZER, "w", 2, two);
    maker_value(&m, MAKER_INPUT, "w", 2); /* as before IR version 4 */
    end_model();
    const fdml_graph g = import(&arena);
    cr_assert(g.ir_version == 3 && g.opset == 9 && g.n_nodes == 2 && g.n_values == 4);
    cr_assert_str_eq(g.producer, "maker 1.2");
    cr_assert_str_eq(g.name, "m.onnx");
    cr_assert(g.n_inputs == 1 && g.n_outputs == 1);
    cr_assert_str_eq(g.value[g.input[0]].name, "x");
    cr_assert(g.value[g.input[0]].rank == 1 && g.value[g.input[0]].dim[0] == -1);
    cr_assert(g.value[g.output[0]].dim[0] == 2 && g.value[g.output[0]].type == FDML_TYPE_F32);
    const fdml_node *conv = &g.node[0], *softmax = &g.node[1];
    cr_assert_str_eq(conv->name, "first");
    cr_assert(conv->index == 1 && softmax->index == 0 && conv->opset == 9);
    cr_assert(conv->n_inputs == 2 && conv->n_outputs == 1 &&
              conv->output[0] == softmax->input[0]);
    const fdml_tensor *w = &g.value[conv->input[1]].constant;
    cr_assert(w->rank == 1 && w->n_items == 2 && !memcmp(w->data, two, 8));
    cr_assert_eq(fdml_node_attr(conv, "pads")->as.ints[0], 3);
    fdml_arena_close(&arena);
}

static void constant(const char *attribute, int type, const char *output)
{
    maker_node(&m, "Constant", "", "", output);
    put_attr(attribute, type);
}

static void end_constant(void)
{
    maker_end(&m);
    maker_end(&m);
}

static const fdml_tensor *find(const fdml_graph *g, const char *name)
{
    for (size_t i = 0; i < g->n_values; i++)
        if (!strcmp(g->value[i].name, name)) return &g->value[i].constant;
    cr_assert(0, "no value %s", name);
    return NULL;
}

Test(model_onnx_import, constants)
{
    fdml_arena arena;
    maker_model(&m, 8, 13);
    constant("value", 4, "t");
    maker_floats(&m, 5, "", 2, two);
    end_constant();
    constant("value_float", 1, "f");
    maker_float(&m, 2, 0.5f);
    end_constant();
    constant("value_int", 2, "i");
    maker_int(&m, 3, -7);
    end_constant();
    constant("value_ints", 7, "is");
    maker_int(&m, 8, 4);
    maker_int(&m, 8, 5);
    end_constant();
    constant("value_string", 3, "s");
    maker_text(&m, 4, "text");
    end_constant();
    constant("value_floats", 6, "none");
    end_constant();
    node("MatMul", "mm", "x t", "y");
    end_model();
    const fdml_graph g = import(&arena);
    cr_assert(g.n_nodes == 1 && g.node[0].index == 6);
    const fdml_tensor *t = find(&g, "t"), *f = find(&g, "f"), *i = find(&g, "i");
    const fdml_tensor *is = find(&g, "is"), *s = find(&g, "s"), *none = find(&g, "none");
    cr_assert(t->rank == 1 && t->n_items == 2 && !memcmp(t->data, two, 8));
    cr_assert(f->rank == 0 && f->type == FDML_TYPE_F32 && *(const float *)f->data == 0.5f);
    cr_assert(i->rank == 0 && i->type == FDML_TYPE_I64 && *(const int64_t *)i->data == -7);
    cr_assert(is->rank == 1 && is->dim[0] == 2 && ((const int64_t *)is->data)[1] == 5);
    cr_assert(s->type == FDML_TYPE_STRING && !strcmp(*(const char *const *)s->data, "text"));
    cr_assert(none->type == FDML_TYPE_F32 && none->rank == 1 && none->n_items == 0);
    cr_assert(none->data);
    fdml_arena_close(&arena);
}

Test(model_onnx_import, refuses_constants)
{
    maker_model(&m, 8, 13);
    node("Constant", "k", "", "t");
    end_model();
    expect_failure(FDML_E_DATA,
                   "m.onnx: node 0 \"k\" (Constant): 0 attributes, expected one value");
    maker_model(&m, 8, 13);
    constant("value_int", 1, "t");
    maker_float(&m, 2, 1);
    end_constant();
    end_model();
    expect_failure(
        FDML_E_DATA,
        "m.onnx: node 0 (Constant): attribute \"value_int\" is no value of its kind");
    maker_model(&m, 8, 13);
    constant("sparse_value", 11, "t");
    end_constant();
    end_model();
    expect_failure(FDML_E_UNSUPPORTED,
                   "m.onnx: node 0 (Constant): a sparse value is not supported");
}

static void make_versions(int ir, int opset)
{
    maker_model(&m, ir, opset);
    node("Softmax", "s", "x", "y");
    end_model();
}

Test(model_onnx_import, versions)
{
    fdml_arena arena;
    for (int opset = 6; opset <= 21; opset++) {
        make_versions(3, opset);
        cr_assert_eq(import(&arena).node[0].opset, opset);
        fdml_arena_close(&arena);
    }
    make_versions(99, 21);
    cr_assert_eq(import(&arena).ir_version, 99);
    fdml_arena_close(&arena);
    make_versions(8, 5);
    expect_failure(FDML_E_UNSUPPORTED, "m.onnx: operator set 5, supported are 6 to 21");
    make_versions(8, 22);
    expect_failure(FDML_E_UNSUPPORTED, "m.onnx: operator set 22, supported are 6 to 21");
    make_versions(8, 0);
    expect_failure(FDML_E_UNSUPPORTED, "m.onnx: imports no operator set of ONNX");
    make_versions(2, 9);
    expect_failure(FDML_E_UNSUPPORTED, "m.onnx: IR version 2, supported are 3 and later");
}

Test(model_onnx_import, refuses_operators)
{
    maker_model(&m, 8, 13);
    node("NonMaxSuppression", "Foo", "x", "y");
    end_model();
    expect_failure(FDML_E_UNSUPPORTED,
                   "m.onnx: node 0 \"Foo\": operator NonMaxSuppression is not supported");
    maker_model(&m, 8, 13);
    maker_node(&m, "FusedConv", "", "x", "y");
    maker_text(&m, 7, "com.microsoft");
    maker_end(&m);
    end_model();
    expect_failure(FDML_E_UNSUPPORTED,
                   "m.onnx: node 0: operator com.microsoft.FusedConv is not supported");
    maker_model(&m, 8, 13);
    maker_node(&m, "Conv", "", "x", "y"); /* ours by name only */
    maker_text(&m, 7, "com.x");
    maker_end(&m);
    end_model();
    expect_failure(FDML_E_UNSUPPORTED, "m.onnx: node 0: operator com.x.Conv is not supported");
    maker_model(&m, 8, 13);
    maker_node(&m, "If", "", "x", "y");
    put_attr("then_branch", 5);
    maker_begin(&m, 6);
    maker_end(&m);
    maker_end(&m);
    maker_end(&m);
    end_model();
    expect_failure(FDML_E_UNSUPPORTED, "m.onnx: node 0: operator If is not supported");
}

static void make_attr(const char *name, int type)
{
    maker_model(&m, 8, 13);
    maker_node(&m, "Softmax", "s", "x", "y");
    put_attr(name, type);
    maker_end(&m);
}

Test(model_onnx_import, refuses_attributes)
{
    make_attr("axis", 1);
    maker_end(&m);
    end_model();
    expect_failure(FDML_E_DATA, "m.onnx: node 0 \"s\" (Softmax): attribute \"axis\" is of kind "
                                "float, expected int");
    make_attr("axis", 7);
    maker_end(&m);
    end_model();
    expect_failure(FDML_E_DATA, "m.onnx: node 0 \"s\" (Softmax): attribute \"axis\" is of kind "
                                "ints, expected int");
    make_attr("value", 1);
    maker_end(&m);
    end_model();
    expect_failure(FDML_E_DATA,
                   "m.onnx: node 0 \"s\" (Softmax): attribute \"value\" is of kind "
                   "float, expected tensor");
    make_attr("body", 5);
    maker_end(&m);
    end_model();
    expect_failure(FDML_E_UNSUPPORTED, "m.onnx: node 0 \"s\" (Softmax): attribute \"body\" is "
                                       "of a kind that is not supported");
    make_attr("axis", 2);
    put_attr("axis", 2);
    maker_end(&m);
    maker_end(&m);
    end_model();
    expect_failure(FDML_E_FORMAT,
                   "m.onnx: node 0 \"s\" (Softmax): attribute \"axis\" stands twice");
}

/* A name that the specification does not know is not ours to judge; kinds by its Changelog. */
Test(model_onnx_import, keeps_unknown_attributes)
{
    fdml_arena arena;
    make_attr("axi", 1);
    maker_end(&m);
    end_model();
    const fdml_graph g = import(&arena);
    cr_assert_eq(fdml_node_attr(g.node, "axi")->kind, FDML_ATTR_FLOAT);
    fdml_arena_close(&arena);
}

Test(model_onnx_import, refuses_graphs)
{
    maker_model(&m, 8, 13);
    node("Conv", "c", "x w", "y");
    end_model();
    expect_failure(FDML_E_FORMAT, "m.onnx: node 0 \"c\" (Conv): input 1 \"w\" is neither an "
                                  "initializer, an input of the graph, nor the output of a "
                                  "node");
    maker_model(&m, 8, 13);
    node("MatMul", "a", "x v", "u");
    node("Softmax", "b", "u", "v");
    node("Softmax", "c", "v", "y");
    end_model();
    expect_failure(FDML_E_FORMAT, "m.onnx: node 0 \"a\" (MatMul): it needs its own output: the "
                                  "graph has a cycle");
    maker_model(&m, 8, 13);
    node("Softmax", "a", "x", "y");
    node("Softmax", "b", "x", "y");
    end_model();
    expect_failure(FDML_E_FORMAT, "m.onnx: node 1 \"b\" (Softmax): output 0 \"y\" is made by "
                                  "node 0 already");
    maker_model(&m, 8, 13);
    maker_floats(&m, MAKER_INITIALIZER, "w", 2, two);
    maker_floats(&m, MAKER_INITIALIZER, "w", 2, two);
    end_model();
    expect_failure(FDML_E_FORMAT, "m.onnx: initializer 1 \"w\": the name stands twice");
    maker_model(&m, 8, 13);
    maker_value(&m, MAKER_INPUT, "x", 2);
    end_model();
    expect_failure(FDML_E_FORMAT, "m.onnx: input \"x\" stands twice");
    maker_model(&m, 8, 13);
    end_model();
    expect_failure(FDML_E_FORMAT, "m.onnx: output \"y\" of the graph is made by no node");
    maker_model(&m, 8, 13);
    maker_end(&m);
    expect_failure(FDML_E_DATA, "m.onnx: the graph has no output");
    maker_model(&m, 8, 13);
    maker_begin(&m, MAKER_INPUT);
    maker_text(&m, 1, "seq");
    maker_end(&m);
    end_model();
    expect_failure(FDML_E_UNSUPPORTED, "m.onnx: input \"seq\" is no tensor");
}

Test(model_onnx_import, refuses_ranks)
{
    maker_model(&m, 8, 13);
    maker_begin(&m, MAKER_INITIALIZER);
    for (int i = 0; i < 9; i++) maker_int(&m, 1, 1);
    maker_int(&m, 2, 1);
    maker_text(&m, 8, "w");
    maker_float(&m, 4, 1);
    maker_end(&m);
    end_model();
    expect_failure(FDML_E_UNSUPPORTED,
                   "m.onnx: initializer 0 \"w\" has 9 dimensions, the limit is 8");
}

static void read_any(const unsigned char *bytes, size_t size)
{
    fdml_graph graph;
    fdml_arena arena;
    fdml_arena_init(&arena, 1 << 20);
    (void)fdml_onnx_import_bytes(&graph, "m.onnx", bytes, size, NULL, &arena, NULL);
    fdml_arena_close(&arena);
}

Test(model_onnx_import, survives_spoiled_files)
{
    maker_model(&m, 8, 13);
    constant("value_ints", 7, "k");
    maker_int(&m, 8, 4);
    end_constant();
    node("Conv", "c", "x w", "a");
    node("Softmax", "s", "a", "y");
    maker_floats(&m, MAKER_INITIALIZER, "w", 2, two);
    end_model();
    scratch_spoil(read_any, m.bytes, m.n);
}

static void expect_refused(const char *path, fdml_status want, const char *rest)
{
    fdml_model model;
    fdml_error err = { 0 };
    char text[1024];
    snprintf(text, sizeof text, "%s: %s", path, rest);
    scratch_expect_error(fdml_model_open(&model, path, &err), &err, want, text);
}

Test(model_onnx_import, opens_files)
{
    fdml_model model;
    fdml_error err = { 0 };
    make_versions(8, 13);
    const char *path = scratch_write("m.ONNX", m.bytes, m.n);
    cr_assert_eq(fdml_model_open(&model, path, &err), FDML_OK, "%s", err.text);
    cr_assert_str_eq(model.kind, "onnx");
    cr_assert_str_eq(model.graph.name, path);
    fdml_model_close(&model);
    expect_refused(scratch_write("m.onnx", "", 0), FDML_E_FORMAT, "is empty");
    expect_refused(scratch_path("none.onnx"), FDML_E_IO, "No such file or directory");
    expect_refused(
        scratch_text("m.txt", "x"), FDML_E_UNSUPPORTED,
        "is no model: its name ends in neither .onnx (which torch.onnx.export writes) nor "
        ".safetensors");
}

Test(model_onnx_import, negative_files)
{
    const char *path = scratch_shared("models/negative/git_lfs_pointer.onnx");
    expect_refused(path, FDML_E_FORMAT, "is a Git LFS pointer, not the model itself");
    path = scratch_shared("models/negative/external_data_missing_mobilenetv2.onnx");
    expect_refused(
        path, FDML_E_IO,
        "initializer 0 \"mobilenet_v2.conv_stem.first_conv.convolution.weight\": its "
        "data: ../shared/models/negative/mobilenetv2.onnx.data: No such file or "
        "directory");
}
