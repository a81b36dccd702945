/* test_model_onnx_export.c - graphs as ONNX files, byte by byte for a small one, and read
 * again. `onnx-suite --export` does the same to the conformance tests' models.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/onnx_write.h"
#include "model/embed_head.h"
#include "model/graph_build.h"
#include "model/backbone.h"
#include "model/onnx_export.h"
#include "model/onnx_import.h"
#include "model/op.h"
#include "model/plan.h"
#include "one_node.h"
#include "scratch.h"

static fdml_error err;

typedef struct written {
    unsigned char *bytes;
    size_t size;
} written;

static written export_graph(const fdml_graph *graph)
{
    char *bytes = NULL;
    written w = { 0 };
    FILE *file = open_memstream(&bytes, &w.size);
    cr_assert_eq(fdml_onnx_export_stream(file, "x.onnx", graph, &err), FDML_OK, "%s", err.text);
    fclose(file);
    w.bytes = (unsigned char *)bytes;
    return w;
}

static const int64_t any_by_two[] = { -1, 2 };

/* y = x w, two values of the same name and one without. */
static void build(fdml_graph *graph, fdml_arena *arena, const fdml_tensor *w)
{
    fdml_graph_builder b;
    fdml_graph_builder_init(&b, arena, "net", 13);
    const uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, 2, any_by_two);
    const uint32_t k = fdml_graph_builder_add_constant(&b, "x", w);
    const uint32_t y = fdml_graph_builder_add_node(
        &b, &(fdml_graph_node){
                .op = "MatMul", .n_inputs = 2, .input = (const uint32_t[]){ x, k } });
    fdml_graph_builder_add_output(&b, y);
    fdml_graph_builder_declare(&b, y, FDML_TYPE_F32, 2, any_by_two);
    cr_assert_eq(fdml_graph_builder_finish(&b, graph, &err), FDML_OK, "%s", err.text);
}

/* The file as the specification of onnx.proto and of the wire has it, written by hand. */
Test(model_onnx_export, byte_by_byte)
{
    static const float weights[] = { 1, 0, 0, -2 };
    static const unsigned char expected[] = {
        "\x08\x07" /* ir_version 7 */
        "\x12\x04"
        "fdml"     /* producer_name */
        "\x3a\x73" /* graph, 115 bytes */
        "\x0a\x19" /* node, 25 */
        "\x0a\x01"
        "x" /* input */
        "\x0a\x03"
        "x_1" /* input */
        "\x12\x07"
        "value_2" /* output */
        "\x22\x06"
        "MatMul" /* op_type */
        "\x12\x05"
        "graph"    /* name */
        "\x2a\x1d" /* initializer, 29 */
        "\x08\x02"
        "\x08\x02" /* dims */
        "\x10\x01" /* float */
        "\x42\x03"
        "x_1" /* name */
        "\x4a\x10"
        "\0\0\x80\x3f"
        "\0\0\0\0"
        "\0\0\0\0"
        "\0\0\0\xc0" /* raw_data */
        "\x5a\x14"   /* input, 20 */
        "\x0a\x01"
        "x" /* name */
        "\x12\x0f"
        "\x0a\x0d"
        "\x08\x01"
        "\x12\x09" /* type, tensor_type: float, shape */
        "\x0a\x03"
        "\x12\x01"
        "N" /* dim_param */
        "\x0a\x02"
        "\x08\x02" /* dim_value */
        "\x62\x1a" /* output, 26 */
        "\x0a\x07"
        "value_2"
        "\x12\x0f"
        "\x0a\x0d"
        "\x08\x01"
        "\x12\x09"
        "\x0a\x03"
        "\x12\x01"
        "N"
        "\x0a\x02"
        "\x08\x02"
        "\x42\x04" /* opset_import */
        "\x0a\x00"
        "\x10\x0d" /* "", 13 */
    };
    fdml_arena arena;
    fdml_graph graph;
    const fdml_tensor w = one_node_floats(weights, 2, (const size_t[]){ 2, 2 });
    fdml_arena_init(&arena, 0);
    build(&graph, &arena, &w);
    const written file = export_graph(&graph);
    cr_assert_eq(file.size, sizeof expected - 1, "%zu", file.size);
    for (size_t i = 0; i < file.size; i++)
        cr_assert_eq(file.bytes[i], expected[i], "byte %zu is %u, expected %u", i,
                     file.bytes[i], expected[i]);
    free(file.bytes);
    fdml_arena_close(&arena);
}

static float *run(const fdml_graph *graph, const fdml_tensor *x, fdml_arena *arena)
{
    fdml_plan *plan;
    fdml_tensor y, shape = *x;
    const fdml_plan_options options = { .n_threads = 2 };
    shape.data = NULL;
    cr_assert_eq(fdml_plan_new(&plan, graph, &shape, &options, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(fdml_plan_run(plan, x, &y, &err), FDML_OK, "%s", err.text);
    float *kept = fdml_arena_push(arena, y.n_items, sizeof *kept);
    memcpy(kept, y.data, y.n_items * sizeof *kept);
    fdml_plan_free(plan);
    return kept;
}

static void expect_same_run(const char *backbone, size_t side, size_t n_out)
{
    fdml_arena arena;
    fdml_weights weights;
    fdml_graph trunk, graph, again;
    fdml_arena_init(&arena, 0);
    fdml_weights_invent(&weights, backbone, 3, 1, &arena);
    cr_assert_eq(fdml_backbone_build(&trunk, backbone, &weights, NULL, &arena, &err), FDML_OK);
    float *head_weight = fdml_arena_push(&arena, 32 * n_out, sizeof *head_weight);
    one_node_fill(head_weight, 32 * n_out, 5);
    const fdml_embed_head head = { head_weight, NULL, 32, true };
    cr_assert_eq(fdml_embed_head_append(&graph, &trunk, &head, &arena, &err), FDML_OK);
    const written file = export_graph(&graph);
    cr_assert_eq(
        fdml_onnx_import_bytes(&again, "again.onnx", file.bytes, file.size, NULL, &arena, &err),
        FDML_OK, "%s", err.text);
    cr_assert(again.opset == graph.opset && again.n_nodes == graph.n_nodes);
    cr_assert_str_eq(again.producer, "fdml");
    cr_assert_str_eq(again.value[again.input[0]].name, "input");
    cr_assert_str_eq(again.value[again.output[0]].name, "normalise");
    cr_assert_eq(again.value[again.output[0]].dim[1], 32);
    fdml_tensor x = one_node_floats(NULL, 4, (const size_t[]){ 2, 3, side, side });
    float *pixels = fdml_arena_push(&arena, x.n_items, sizeof *pixels);
    one_node_fill(pixels, x.n_items, 9);
    x.data = pixels;
    cr_assert(
        !memcmp(run(&graph, &x, &arena), run(&again, &x, &arena), 2 * 32 * sizeof(float)));
    const written twice = export_graph(&again); /* and the file is the file */
    cr_assert(twice.size == file.size && !memcmp(twice.bytes, file.bytes, file.size));
    free(file.bytes);
    free(twice.bytes);
    fdml_arena_close(&arena);
}

Test(model_onnx_export, nets_run_to_the_same_bits)
{
    expect_same_run("cnn4", 32, 256);
    expect_same_run("mobilefacenet", 112, 128);
}

/* Items of every type, an attribute of every kind, by the structures of the file. */
Test(model_onnx_export, every_kind_is_read_again)
{
    static const unsigned char nibbles[] = { 1, 15, 7 };
    static const char *const texts[] = { "", "a", "long enough to be a text of its own" };
    static const int64_t ints[] = { -1, INT64_MAX, INT64_MIN }, three[] = { 3 };
    static const float floats[] = { -0.f, 1e-42f, 3e38f };
    static const double doubles[] = { 1e300, -1, 0 };
    const fdml_onnx_tensor tensors[] = { { "nibbles", 21, 1, three, 3, nibbles, false },
                                         { "texts", 8, 1, three, 3, texts, false },
                                         { "doubles", 11, 1, three, 3, doubles, false },
                                         { "scalar", 7, 0, NULL, 1, ints, false },
                                         { "none", 1, 1, (const int64_t[]){ 0 }, 0, floats,
                                           false } };
    const fdml_onnx_attr attrs[] = {
        { .name = "f", .type = FDML_ONNX_FLOAT, .f = -0.f },
        { .name = "i", .type = FDML_ONNX_INT, .i = -5 },
        { .name = "s", .type = FDML_ONNX_STRING, .s = "text" },
        { .name = "t", .type = FDML_ONNX_TENSOR, .t = &tensors[0] },
        { .name = "fs", .type = FDML_ONNX_FLOATS, .n = 3, .floats = floats },
        { .name = "is", .type = FDML_ONNX_INTS, .n = 3, .ints = ints },
        { .name = "ss", .type = FDML_ONNX_STRINGS, .n = 3, .strings = texts },
    };
    static const char *const in[] = { "x", "", "nibbles" }, *const out[] = { "y" };
    const fdml_onnx_node node = { "n", "Op", "some.domain", 3, 1, 7, in, out, attrs };
    static const int64_t dim[] = { -1, 4 };
    const fdml_onnx_value values[] = { { "x", 1, 2, dim }, { "z", 7, -1, NULL } };
    const fdml_onnx_file model = { 7, "p",   "1.2",   13,     1,          5,   2,
                                   1, &node, tensors, values, &values[1], NULL };
    char *bytes = NULL;
    size_t size;
    fdml_onnx_file read;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    FILE *file = open_memstream(&bytes, &size);
    cr_assert_eq(fdml_onnx_write(file, &model, "x", &err), FDML_OK);
    fclose(file);
    cr_assert_eq(
        fdml_onnx_parse(&read, "x", (const unsigned char *)bytes, size, NULL, &arena, &err),
        FDML_OK, "%s", err.text);
    cr_assert(read.ir_version == 7 && read.opset == 13 && read.n_initializers == 5);
    cr_assert_str_eq(read.producer_version, "1.2");
    for (size_t i = 0; i < 5; i++) {
        const fdml_onnx_tensor *a = &tensors[i], *b = &read.initializer[i];
        cr_assert_str_eq(b->name, a->name);
        cr_assert(b->type == a->type && b->rank == a->rank && b->n_items == a->n_items);
        if (a->type != 8 && a->n_items)
            cr_assert(!memcmp(a->data, b->data, a->n_items * (a->type == 21 ? 1 : 8)));
    }
    for (size_t i = 0; i < 3; i++) {
        const char *text;
        memcpy(&text, (const char *)read.initializer[1].data + i * sizeof text, sizeof text);
        cr_assert_str_eq(text, texts[i]);
        cr_assert_str_eq(read.node[0].attr[6].strings[i], texts[i]);
    }
    const fdml_onnx_node *again = &read.node[0];
    cr_assert(again->n_inputs == 3 && again->n_attrs == 7);
    cr_assert_str_eq(again->input[1], "");
    cr_assert_str_eq(again->domain, "some.domain");
    cr_assert(!memcmp(&again->attr[0].f, &attrs[0].f, sizeof(float)) && again->attr[1].i == -5);
    cr_assert_str_eq(again->attr[2].s, "text");
    cr_assert(again->attr[3].t->n_items == 3 &&
              !memcmp(again->attr[3].t->data, nibbles, sizeof nibbles));
    cr_assert(!memcmp(again->attr[4].floats, floats, sizeof floats));
    cr_assert(!memcmp(again->attr[5].ints, ints, sizeof ints));
    cr_assert(read.input[0].dim[0] == -1 && read.input[0].dim[1] == 4);
    cr_assert(read.output[0].rank == -1 && read.output[0].type == 7);
    free(bytes);
    fdml_arena_close(&arena);
}

Test(model_onnx_export, what_no_file_can_hold)
{
    static const float one = 1;
    fdml_arena arena;
    fdml_graph graph;
    fdml_arena_init(&arena, 0);
    /* 4 GiB that nobody reads: they are counted before anything is written */
    const fdml_tensor large = one_node_floats(&one, 2, (const size_t[]){ 2, 1u << 29 });
    fdml_graph_builder b;
    fdml_graph_builder_init(&b, &arena, "net", 13);
    const uint32_t x = fdml_graph_builder_add_input(&b, "x", FDML_TYPE_F32, 2, any_by_two);
    const uint32_t k = fdml_graph_builder_add_constant(&b, "k", &large);
    const uint32_t y = fdml_graph_builder_add_node(
        &b, &(fdml_graph_node){
                .op = "MatMul", .n_inputs = 2, .input = (const uint32_t[]){ x, k } });
    fdml_graph_builder_add_output(&b, y);
    cr_assert_eq(fdml_graph_builder_finish(&b, &graph, &err), FDML_OK);
    const char *path = scratch_path("large.onnx");
    char text[FDML_ERROR_MAX];
    snprintf(text, sizeof text, "%s: output \"%s\" has no type", path, graph.value[y].name);
    scratch_expect_error(fdml_onnx_export(path, &graph, &err), &err, FDML_E_UNSUPPORTED, text);
    fdml_graph_value *value = fdml_arena_push(&arena, graph.n_values, sizeof *value);
    memcpy(value, graph.value, graph.n_values * sizeof *value);
    value[y].type = FDML_TYPE_F32;
    value[y].rank = -1;
    graph.value = value;
    cr_assert_eq(fdml_onnx_export(path, &graph, &err), FDML_E_LIMIT);
    cr_assert(strstr(err.text, "bytes, an ONNX file has less than 2 GiB"), "%s", err.text);
    FILE *file = fopen(path, "rb");
    cr_assert_null(file); /* nothing is left of it */
    cr_assert_eq(fdml_onnx_export("/nonexistent/x.onnx", &graph, &err), FDML_E_IO);
    fdml_arena_close(&arena);
}
