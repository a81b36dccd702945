/* test_data_onnx_file.c - models written field by field, and what is none.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "data/onnx_file.h"
#include "onnx_maker.h"
#include "scratch.h"

static onnx_maker m;

static fdml_status parse(fdml_onnx_file *file, const char *directory, fdml_arena *arena,
                         fdml_error *err)
{
    return fdml_onnx_parse(file, "m.onnx", m.bytes, m.n, directory, arena, err);
}

static void expect_failure(fdml_status status, const char *text)
{
    fdml_onnx_file file;
    fdml_arena arena;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    scratch_expect_error(parse(&file, NULL, &arena, &err), &err, status, text);
    cr_assert_eq(arena.used, 0u);
    fdml_arena_close(&arena);
}

static void put_attr(const char *name, int type)
{
    maker_begin(&m, MAKER_ATTRIBUTE);
    maker_text(&m, 1, name);
    if (type) maker_int(&m, 20, type);
}

static void make_net(void)
{
    static const float w[] = { 1, 2 };
    maker_model(&m, 8, 13);
    maker_node(&m, "Conv", "c1", "x w -", "y -");
    put_attr("pads", FDML_ONNX_INTS);
    for (int i = 1; i < 5; i++) maker_int(&m, 8, i);
    maker_end(&m);
    put_attr("alpha", FDML_ONNX_FLOAT);
    maker_float(&m, 2, 0.5f);
    maker_end(&m);
    put_attr("mode", 0); /* the oldest files have no type */
    maker_text(&m, 4, "fast");
    maker_end(&m);
    put_attr("axis", FDML_ONNX_INT); /* proto3 writes no zero */
    maker_end(&m);
    put_attr("value", FDML_ONNX_TENSOR);
    maker_floats(&m, 5, "t", 2, w);
    maker_end(&m);
    put_attr("names", FDML_ONNX_STRINGS);
    maker_text(&m, 9, "a");
    maker_text(&m, 9, "");
    maker_end(&m);
    put_attr("body", FDML_ONNX_GRAPH);
    maker_begin(&m, 6);
    maker_end(&m);
    maker_end(&m);
    put_attr("blob", FDML_ONNX_STRING);
    maker_bytes(&m, 4, "\xff\0", 2);
    maker_end(&m);
    maker_text(&m, 6, "a doc_string is skipped");
    maker_text(&m, 7, "com.x");
    maker_end(&m);
    maker_floats(&m, MAKER_INITIALIZER, "w", 2, w);
    maker_value(&m, MAKER_INPUT, "x", -1);
    maker_value(&m, MAKER_INPUT, "w", 2);
    maker_begin(&m, MAKER_OUTPUT);
    maker_text(&m, 1, "y");
    maker_end(&m);
    maker_end(&m);
}

static void expect_net(const fdml_onnx_file *f)
{
    static const int64_t pads[] = { 1, 2, 3, 4 };
    cr_assert(f->ir_version == 8 && f->opset == 13 && f->n_nodes == 1);
    cr_assert_str_eq(f->producer_name, "maker");
    cr_assert_str_eq(f->producer_version, "1.2");
    const fdml_onnx_node *n = f->node;
    cr_assert_str_eq(n->op_type, "Conv");
    cr_assert_str_eq(n->name, "c1");
    cr_assert_str_eq(n->domain, "com.x");
    cr_assert(n->n_inputs == 3 && n->n_outputs == 2 && n->n_attrs == 8);
    cr_assert(!strcmp(n->input[1], "w") && !*n->input[2] && !*n->output[1]);
    const fdml_onnx_attr *a = n->attr;
    cr_assert(a[0].type == FDML_ONNX_INTS && a[0].n == 4);
    cr_assert_arr_eq(a[0].ints, pads, sizeof pads);
    cr_assert(a[1].type == FDML_ONNX_FLOAT && a[1].f == 0.5f);
    cr_assert(a[2].type == FDML_ONNX_STRING && !strcmp(a[2].s, "fast"));
    cr_assert(a[3].type == FDML_ONNX_INT && a[3].i == 0);
    cr_assert(a[4].type == FDML_ONNX_TENSOR && a[4].t->n_items == 2);
    cr_assert(a[5].type == FDML_ONNX_STRINGS && a[5].n == 2 && !*a[5].strings[1]);
    cr_assert(a[6].type == FDML_ONNX_GRAPH && a[7].type == FDML_ONNX_GRAPH);
    cr_assert(f->n_inputs == 2 && f->input[0].rank == 1 && f->input[0].dim[0] == -1);
    cr_assert(f->input[1].type == 1 && f->input[1].dim[0] == 2);
    cr_assert(f->n_outputs == 1 && f->output[0].rank == -1 && f->output[0].type == 0);
}

Test(data_onnx_file, reads_everything)
{
    fdml_onnx_file file;
    fdml_arena arena;
    fdml_error err = { 0 };
    make_net();
    fdml_arena_init(&arena, 0);
    cr_assert_eq(parse(&file, NULL, &arena, &err), FDML_OK, "%s", err.text);
    expect_net(&file);
    const unsigned char *data = file.initializer[0].data;
    cr_assert(data > m.bytes && data < m.bytes + m.n, "weights are not copied");
    fdml_arena_close(&arena);
}

static void expect_stranger(const char *text, const char *sentence)
{
    m.n = 0;
    maker_raw(&m, text, strlen(text));
    expect_failure(FDML_E_FORMAT, sentence);
}

Test(data_onnx_file, refuses_strangers)
{
    expect_stranger("", "m.onnx: is empty");
    expect_stranger("version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
                    "m.onnx: is a Git LFS pointer, not the model itself");
    expect_stranger("<!DOCTYPE html><html></html>", "m.onnx: is an HTML or XML page");
    expect_stranger("PK\3\4....", "m.onnx: is a zip archive, as a PyTorch checkpoint is");
    expect_stranger("hello, world",
                    "m.onnx: byte 2 is no protobuf field: no ONNX file, or a damaged one");
    m.n = 0;
    maker_int(&m, 1, 8);
    expect_failure(FDML_E_FORMAT, "m.onnx: is no ONNX model: it has no graph");
    maker_int(&m, 7, 1);
    expect_failure(FDML_E_FORMAT, "m.onnx: has no single graph");
    make_net();
    m.n -= 3;
    expect_failure(FDML_E_FORMAT, "m.onnx: byte 20: field 7 of 258 bytes, 255 are left; is the "
                                  "file cut short?");
}

static void begin_attr(const char *name, int type)
{
    maker_model(&m, 8, 13);
    maker_node(&m, "Relu", "r", "x", "y");
    put_attr(name, type);
}

static void end_attr(void)
{
    maker_end(&m);
    maker_end(&m);
    maker_end(&m);
}

Test(data_onnx_file, refuses_attributes)
{
    begin_attr("axis", FDML_ONNX_INT);
    maker_float(&m, 2, 1);
    end_attr();
    expect_failure(FDML_E_FORMAT, "m.onnx: node 0 \"r\": attribute \"axis\": is of type 2 and "
                                  "holds something of another");
    begin_attr("axis", 0);
    end_attr();
    expect_failure(FDML_E_FORMAT,
                   "m.onnx: node 0 \"r\": attribute \"axis\": has no type that can be told");
    begin_attr("value", FDML_ONNX_TENSOR);
    end_attr();
    expect_failure(FDML_E_FORMAT, "m.onnx: node 0 \"r\": attribute \"value\": holds no tensor");
    begin_attr("value", FDML_ONNX_TENSOR);
    maker_begin(&m, 5);
    maker_int(&m, 1, 2);
    maker_int(&m, 2, 1);
    maker_end(&m);
    end_attr();
    expect_failure(FDML_E_FORMAT, "m.onnx: node 0 \"r\": attribute \"value\": 0 numbers of "
                                  "data, expected 2 for its type and shape");
    begin_attr("v", 0);
    for (int i = 0; i < 64; i++) {
        maker_end(&m);
        put_attr("v", 0);
    }
    end_attr();
    expect_failure(FDML_E_LIMIT, "m.onnx: node 0 \"r\": 65 attributes, the limit is 64");
}

Test(data_onnx_file, refuses_parts)
{
    maker_model(&m, 8, 13);
    maker_node(&m, "Relu", "a\xff", "x", "y");
    maker_end(&m);
    maker_end(&m);
    expect_failure(FDML_E_FORMAT, "m.onnx: node 0: its name is no UTF-8 text");
    maker_model(&m, 8, 13);
    maker_node(&m, "", "a", "x", "y");
    maker_end(&m);
    maker_end(&m);
    expect_failure(FDML_E_FORMAT, "m.onnx: node 0 \"a\": has no op_type");
    maker_model(&m, 8, 13);
    maker_begin(&m, 15);
    maker_end(&m);
    maker_end(&m);
    expect_failure(FDML_E_UNSUPPORTED, "m.onnx: sparse initializers are not supported");
    maker_model(&m, 8, 13);
    maker_int(&m, MAKER_NODE, 3);
    maker_end(&m);
    expect_failure(FDML_E_FORMAT, "m.onnx: field 1 of its graph is damaged");
    maker_model(&m, 8, 13);
    maker_floats(&m, MAKER_INITIALIZER, "", 0, NULL);
    maker_end(&m);
    expect_failure(FDML_E_FORMAT, "m.onnx: initializer 0: has no name");
    maker_model(&m, 8, 13);
    maker_begin(&m, MAKER_NODE);
    maker_int(&m, 4, 3); /* op_type is no number */
    maker_end(&m);
    maker_end(&m);
    expect_failure(FDML_E_FORMAT, "m.onnx: node 0: is no Node of ONNX, or a damaged one");
}

/* Subgraphs in subgraphs, far deeper than a stack: not read, so no recursion. */
Test(data_onnx_file, nested_subgraphs_are_not_entered)
{
    fdml_onnx_file file;
    fdml_arena arena;
    static unsigned char deep[12000];
    size_t begin = sizeof deep;
    while (begin > 12) { /* graph { node { attribute { g: { ... } } } }, innermost first */
        static const int fields[] = { 6, MAKER_ATTRIBUTE, MAKER_NODE };
        const size_t size = sizeof deep - begin;
        deep[--begin] = (unsigned char)(size >> 7);
        deep[--begin] = (unsigned char)(size | 128);
        deep[--begin] = (unsigned char)(fields[size / 3 % 3] << 3 | 2);
    }
    begin_attr("body", FDML_ONNX_GRAPH);
    maker_bytes(&m, 6, deep + begin, sizeof deep - begin);
    end_attr();
    fdml_arena_init(&arena, 0);
    cr_assert_eq(parse(&file, NULL, &arena, NULL), FDML_OK);
    cr_assert_eq(file.node[0].attr[0].type, FDML_ONNX_GRAPH);
    cr_assert_leq(arena.peak, 1u << 16);
    fdml_arena_close(&arena);
}

static void read_any(const unsigned char *bytes, size_t size)
{
    fdml_onnx_file file;
    fdml_arena arena;
    fdml_arena_init(&arena, 1 << 20);
    (void)fdml_onnx_parse(&file, "m.onnx", bytes, size, NULL, &arena, NULL);
    fdml_arena_close(&arena);
}

Test(data_onnx_file, survives_spoiled_files)
{
    make_net();
    scratch_spoil(read_any, m.bytes, m.n);
}

Test(data_onnx_file, memory_fails_cleanly)
{
    make_net();
    for (size_t limit = 64; limit < 1 << 15; limit += 64) {
        fdml_onnx_file file;
        fdml_arena arena;
        fdml_error err = { 0 };
        fdml_arena_init(&arena, limit);
        const fdml_status status = parse(&file, NULL, &arena, &err);
        cr_assert(status == FDML_OK || status == FDML_E_NOMEM, "%s", err.text);
        cr_assert(status == FDML_OK || arena.used == 0);
        fdml_arena_close(&arena);
    }
}
