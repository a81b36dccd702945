/* onnx_import.c - names become value ids, and every node meets its operator. See
 * onnx_import.h.
 *
 * Ids are given to names in order of appearance by one table, so the order of nodes in the
 * file does not matter here; the builder finds what is made twice, never, or by itself. A
 * Constant node is no node of the graph but a constant.
 * SPDX-License-Identifier: MIT */
#include "model/onnx_import.h"

#include <stdio.h>
#include <string.h>

#include "base/intern.h"
#include "model/attr_kind.h"
#include "model/graph_build.h"
#include "model/onnx_constant.h"
#include "model/op.h"

enum { MIN_OPSET = 6, MAX_OPSET = 21, MIN_IR = 3 };
enum { MAX_EDGES = 1 << 20 }; /* inputs and outputs of all nodes: 180 MB of values */

typedef struct importer {
    fdml_graph_builder b;
    const fdml_onnx_file *file;
    const char *name;
    fdml_arena local; /* the table of names, lists of one node */
    fdml_intern names;
} importer;

static void fail_memory(importer *im)
{
    fdml_graph_builder_fail(&im->b, FDML_E_NOMEM, "%.200s: no memory for the graph", im->name);
}

/* The value of a name. *is_new: it was made just now, and is nothing yet. */
static uint32_t find_value(importer *im, const char *name, bool *is_new)
{
    uint32_t id;
    const uint32_t n = im->names.n;
    *is_new = false;
    if (!fdml_intern_add(&im->names, name, strlen(name), &id)) {
        fail_memory(im);
        return FDML_NO_VALUE;
    }
    if (id < n) return id;
    *is_new = true;
    return fdml_graph_builder_add_value(&im->b, name); /* equal to id: one is made for each */
}

static uint32_t optional_value(importer *im, const char *name)
{
    bool is_new;
    return *name ? find_value(im, name, &is_new) : FDML_NO_VALUE;
}

static fdml_status check_versions(const fdml_onnx_file *file, const char *name, fdml_error *err)
{
    if (file->ir_version < MIN_IR)
        return fdml_fail(err, FDML_E_UNSUPPORTED,
                         "%.200s: IR version %lld, supported are %d and later", name,
                         (long long)file->ir_version, MIN_IR);
    if (!file->opset)
        return fdml_fail(err, FDML_E_UNSUPPORTED, "%.200s: imports no operator set of ONNX",
                         name);
    if (file->opset < MIN_OPSET || file->opset > MAX_OPSET)
        return fdml_fail(err, FDML_E_UNSUPPORTED,
                         "%.200s: operator set %lld, supported are %d to %d", name,
                         (long long)file->opset, MIN_OPSET, MAX_OPSET);
    return FDML_OK;
}

static void add_initializers(importer *im)
{
    for (size_t i = 0; i < im->file->n_initializers && !im->b.status; i++) {
        const fdml_onnx_tensor *from = &im->file->initializer[i];
        fdml_tensor tensor;
        char what[320];
        bool is_new;
        snprintf(what, sizeof what, "%.200s: initializer %zu \"%.80s\"", im->name, i,
                 from->name);
        im->b.status = fdml_onnx_as_tensor(&tensor, from, what, &im->b.error);
        if (im->b.status) return;
        const uint32_t id = find_value(im, from->name, &is_new);
        if (!is_new && !im->b.status)
            fdml_graph_builder_fail(&im->b, FDML_E_FORMAT, "%s: the name stands twice", what);
        fdml_graph_builder_set_constant(&im->b, id, &tensor);
    }
}

static void declare(importer *im, uint32_t id, const fdml_onnx_value *value, const char *what)
{
    if (!value->type) {
        fdml_graph_builder_fail(&im->b, FDML_E_UNSUPPORTED, "%.200s: %s \"%.90s\" is no tensor",
                                im->name, what, value->name);
        return;
    }
    const bool is_known = value->type > 0 && value->type < FDML_TYPE_COUNT;
    fdml_graph_builder_declare(&im->b, id, is_known ? (fdml_type)value->type : FDML_TYPE_NONE,
                               value->rank, value->dim);
}

/* Before IR version 4 every initializer is listed as an input, too; later one that is gives
 * the input's default, and we take it as constant. */
static void add_inputs(importer *im)
{
    unsigned char *is_input =
        fdml_arena_push_zero(&im->local, im->file->n_initializers + im->file->n_inputs, 1);
    if (!is_input) fail_memory(im);
    for (size_t i = 0; i < im->file->n_inputs && !im->b.status; i++) {
        const fdml_onnx_value *value = &im->file->input[i];
        bool is_new;
        const uint32_t id = find_value(im, value->name, &is_new);
        if (im->b.status) return;
        declare(im, id, value, "input");
        if (is_input[id])
            fdml_graph_builder_fail(&im->b, FDML_E_FORMAT,
                                    "%.200s: input \"%.90s\" stands twice", im->name,
                                    value->name);
        is_input[id] = 1;
        if (is_new) fdml_graph_builder_mark_input(&im->b, id);
    }
}

/* False: the attribute is of a kind that we do not read. */
static bool convert_attr(fdml_attr *to, const fdml_onnx_attr *from, fdml_tensor *tensor,
                         fdml_status *status, fdml_error *err)
{
    switch (from->type) {
    case FDML_ONNX_FLOAT:
        *to = fdml_attr_float(from->name, from->f);
        break;
    case FDML_ONNX_INT:
        *to = fdml_attr_int(from->name, from->i);
        break;
    case FDML_ONNX_STRING:
        *to = fdml_attr_string(from->name, from->s);
        break;
    case FDML_ONNX_TENSOR:
        *status = fdml_onnx_as_tensor(tensor, from->t, "its tensor", err);
        *to = fdml_attr_tensor(from->name, tensor);
        break;
    case FDML_ONNX_FLOATS:
        *to = fdml_attr_floats(from->name, from->n, from->floats);
        break;
    case FDML_ONNX_INTS:
        *to = fdml_attr_ints(from->name, from->n, from->ints);
        break;
    case FDML_ONNX_STRINGS:
        *to = fdml_attr_strings(from->name, from->n, from->strings);
        break;
    case FDML_ONNX_GRAPH:
        return false;
    }
    return true;
}

/* For complaints: a node that the builder has not got. */
static fdml_node stand_in(const importer *im, const fdml_onnx_node *node, size_t index)
{
    return (fdml_node){ .op = fdml_op_find(node->op_type),
                        .name = node->name,
                        .index = (uint32_t)index,
                        .opset = im->b.graph.opset };
}

static fdml_status convert_attrs(importer *im, fdml_attr *to, const fdml_onnx_node *node,
                                 size_t index, fdml_error *err)
{
    const fdml_node at = stand_in(im, node, index);
    fdml_tensor *tensor = fdml_arena_push(&im->local, node->n_attrs, sizeof *tensor);
    if (!tensor) return fdml_fail(err, FDML_E_NOMEM, "%.200s: no memory", im->name);
    for (size_t i = 0; i < node->n_attrs; i++) {
        const char *name = node->attr[i].name;
        fdml_status status = FDML_OK;
        fdml_error inner;
        fdml_attr_kind expected;
        if (!convert_attr(&to[i], &node->attr[i], &tensor[i], &status, &inner))
            return fdml_node_fail(err, FDML_E_UNSUPPORTED, &im->b.graph, &at,
                                  "attribute \"%.60s\" is of a kind that is not supported",
                                  name);
        if (status)
            return fdml_node_fail(err, status, &im->b.graph, &at, "attribute \"%.60s\": %.200s",
                                  name, inner.text);
        if (!fdml_attr_kind_fits(node->op_type, name, to[i].kind, &expected))
            return fdml_node_fail(err, FDML_E_DATA, &im->b.graph, &at,
                                  "attribute \"%.60s\" is of kind %s, expected %s", name,
                                  fdml_attr_kind_name(to[i].kind),
                                  fdml_attr_kind_name(expected));
        for (size_t k = 0; k < i; k++)
            if (!strcmp(node->attr[k].name, name))
                return fdml_node_fail(err, FDML_E_FORMAT, &im->b.graph, &at,
                                      "attribute \"%.60s\" stands twice", name);
    }
    return FDML_OK;
}

/* Names to ids, without the left-out ones at the end. */
static uint32_t convert_edges(importer *im, uint32_t **ids, const char *const *names, size_t n)
{
    while (n && !*names[n - 1]) n--;
    *ids = fdml_arena_push(&im->local, n + 1, sizeof **ids);
    if (!*ids) {
        fail_memory(im);
        return 0;
    }
    (*ids)[0] = FDML_NO_VALUE; /* where there are none */
    for (size_t i = 0; i < n; i++) (*ids)[i] = optional_value(im, names[i]);
    return (uint32_t)n;
}

static bool is_onnx_domain(const char *domain)
{
    return !*domain || !strcmp(domain, "ai.onnx");
}

static void add_constant(importer *im, const fdml_onnx_node *node, size_t index)
{
    const fdml_node at = stand_in(im, node, index);
    fdml_tensor tensor;
    fdml_error inner;
    const fdml_status status = fdml_onnx_constant(&tensor, node, &inner);
    const char *output = node->n_outputs ? node->output[0] : "";
    if (status) {
        im->b.status =
            fdml_node_fail(&im->b.error, status, &im->b.graph, &at, "%.300s", inner.text);
        return;
    }
    if (*output) {
        const uint32_t id = optional_value(im, output);
        if (!im->b.status && im->b.value[id].constant.data)
            im->b.status = fdml_node_fail(&im->b.error, FDML_E_FORMAT, &im->b.graph, &at,
                                          "its output \"%.90s\" is a constant already", output);
        fdml_graph_builder_set_constant(&im->b, id, &tensor);
    }
    fdml_graph_builder_skip_node(&im->b);
}

static void add_node(importer *im, const fdml_onnx_node *node, size_t index)
{
    char op[256];
    const bool is_ours = is_onnx_domain(node->domain);
    uint32_t *input, *output;
    snprintf(op, sizeof op, "%.120s%s%.120s", is_ours ? "" : node->domain, is_ours ? "" : ".",
             node->op_type);
    if (is_ours && !strcmp(op, "Constant")) {
        add_constant(im, node, index);
        return;
    }
    fdml_graph_node made = { .op = op, .name = node->name };
    made.n_inputs = convert_edges(im, &input, node->input, node->n_inputs);
    made.n_outputs = convert_edges(im, &output, node->output, node->n_outputs);
    made.input = input;
    made.output = output;
    fdml_attr *attr = fdml_arena_push(&im->local, node->n_attrs, sizeof *attr);
    if (!attr) fail_memory(im);
    if (im->b.status) return;
    if (is_ours && fdml_op_find(op)) { /* else the builder says what is wrong */
        im->b.status = convert_attrs(im, attr, node, index, &im->b.error);
        made.n_attrs = (uint32_t)node->n_attrs;
        made.attr = attr;
    }
    fdml_graph_builder_add_node(&im->b, &made);
}

static void add_nodes(importer *im)
{
    size_t n_edges = 0;
    for (size_t i = 0; i < im->file->n_nodes; i++)
        n_edges += im->file->node[i].n_inputs + im->file->node[i].n_outputs;
    if (n_edges > MAX_EDGES)
        fdml_graph_builder_fail(
            &im->b, FDML_E_LIMIT,
            "%.200s: its nodes have %zu inputs and outputs, the limit is %d", im->name, n_edges,
            (int)MAX_EDGES);
    for (size_t i = 0; i < im->file->n_nodes && !im->b.status; i++)
        add_node(im, &im->file->node[i], i);
}

static void add_outputs(importer *im)
{
    for (size_t i = 0; i < im->file->n_outputs && !im->b.status; i++) {
        const fdml_onnx_value *value = &im->file->output[i];
        const uint32_t id = optional_value(im, value->name);
        if (im->b.status) return;
        declare(im, id, value, "output");
        fdml_graph_builder_add_output(&im->b, id);
    }
}

static const char *make_producer(const fdml_onnx_file *file, fdml_arena *arena)
{
    char text[256];
    const int n = snprintf(text, sizeof text, "%.120s%s%.120s", file->producer_name,
                           *file->producer_version ? " " : "", file->producer_version);
    return n > 0 ? fdml_arena_copy_text(arena, text, (size_t)n) : "";
}

static fdml_status import_file(fdml_graph *graph, const fdml_onnx_file *file, const char *name,
                               fdml_arena *arena, fdml_error *err)
{
    FDML_TRY(check_versions(file, name, err));
    importer im = { .file = file, .name = name };
    fdml_graph_builder_init(&im.b, arena, name, (int)file->opset);
    fdml_arena_init(&im.local, 0);
    fdml_intern_init(&im.names, &im.local, false);
    add_initializers(&im);
    add_inputs(&im);
    add_nodes(&im);
    add_outputs(&im);
    fdml_arena_close(&im.local);
    im.b.graph.ir_version = file->ir_version;
    im.b.graph.producer = make_producer(file, arena);
    if (!im.b.graph.producer) fail_memory(&im);
    im.b.graph.maps = file->maps;
    return fdml_graph_builder_finish(&im.b, graph, err);
}

fdml_status fdml_onnx_import_bytes(fdml_graph *graph, const char *name,
                                   const unsigned char *bytes, size_t size,
                                   const char *directory, fdml_arena *arena, fdml_error *err)
{
    fdml_onnx_file file;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    FDML_TRY(fdml_onnx_parse(&file, name, bytes, size, directory, arena, err));
    const fdml_status status = import_file(graph, &file, name, arena, err);
    if (!status) return FDML_OK;
    fdml_map_list_close(&file.maps);
    fdml_arena_reset(arena, mark);
    return status;
}

fdml_status fdml_onnx_import(fdml_graph *graph, const char *path, fdml_arena *arena,
                             fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    fdml_map_list *own = NULL;
    fdml_map map;
    const size_t n = (size_t)(fdml_file_name(path) - path);
    const char *directory = fdml_arena_copy_text(arena, path, n);
    if (!directory) return fdml_fail(err, FDML_E_NOMEM, "%.200s: no memory for its path", path);
    fdml_status status = fdml_map_list_add(&own, &map, path, arena, err);
    if (!status)
        status = fdml_onnx_import_bytes(graph, path, map.data, map.size, directory, arena, err);
    if (status) {
        fdml_map_list_close(&own);
        fdml_arena_reset(arena, mark);
        return status;
    }
    own->next = graph->maps;
    graph->maps = own;
    return FDML_OK;
}
