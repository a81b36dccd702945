/* onnx_export.c - see onnx_export.h.
 *
 * In a file a value is its name, in a graph its id: a value without a name, or with one that
 * another has, gets one of its own. Constants become initializers. From IR version 4 on these
 * need not be inputs as well, so none older is written.
 *
 * SPDX-License-Identifier: MIT */
#include "model/onnx_export.h"

#include <string.h>

#include "base/intern.h"
#include "data/onnx_write.h"
#include "model/op.h"

/* What opset 13, that of our own nets, came with (ONNX 1.8), so that older runtimes read it. */
enum { OWN_IR = 7, LEAST_IR = 4 };

typedef struct exporter {
    const fdml_graph *graph;
    fdml_arena *arena;
    const char **name; /* [n_values] */
} exporter;

static void *push(exporter *e, size_t n, size_t size)
{
    return fdml_arena_push(e->arena, n, size);
}

/* Names as they are where they can be: first come the inputs and outputs, by which a user knows
 * the net. False: no memory. */
static bool take_name(exporter *e, fdml_intern *names, uint32_t value)
{
    const char *wanted = e->graph->value[value].name;
    char text[96];
    uint32_t id = 0;
    if (e->name[value]) return true;
    if (!wanted) wanted = "";
    const char *name = wanted;
    for (uint32_t k = value;; k++) { /* ends: there are fewer names than numbers */
        const uint32_t n = names->n;
        if (*name && !fdml_intern_add(names, name, strlen(name), &id)) return false;
        if (*name && id == n) break;
        snprintf(text, sizeof text, "%.60s%s%u", wanted, *wanted ? "_" : "value_", k);
        name = text;
    }
    e->name[value] = fdml_intern_get(names, id).text;
    return true;
}

static bool name_values(exporter *e)
{
    const fdml_graph *g = e->graph;
    fdml_intern names;
    fdml_intern_init(&names, e->arena, true);
    e->name = fdml_arena_push_zero(e->arena, g->n_values, sizeof *e->name);
    if (!e->name) return false;
    for (size_t i = 0; i < g->n_inputs; i++)
        if (!take_name(e, &names, g->input[i])) return false;
    for (size_t i = 0; i < g->n_outputs; i++)
        if (!take_name(e, &names, g->output[i])) return false;
    for (uint32_t v = 0; v < g->n_values; v++)
        if (!take_name(e, &names, v)) return false;
    return true;
}

static bool set_tensor(fdml_onnx_tensor *to, const fdml_tensor *from, const char *name,
                       exporter *e)
{
    int64_t *dim = push(e, (size_t)from->rank, sizeof *dim);
    if (!dim) return false;
    for (int i = 0; i < from->rank; i++) dim[i] = (int64_t)from->dim[i];
    *to = (fdml_onnx_tensor){ .name = name,
                              .type = (int)from->type,
                              .rank = from->rank,
                              .dim = dim,
                              .n_items = from->n_items,
                              .data = from->data };
    return true;
}

static bool set_attr(fdml_onnx_attr *to, const fdml_attr *from, exporter *e)
{
    static const fdml_onnx_attr_type type[] = {
        [FDML_ATTR_INT] = FDML_ONNX_INT,         [FDML_ATTR_FLOAT] = FDML_ONNX_FLOAT,
        [FDML_ATTR_STRING] = FDML_ONNX_STRING,   [FDML_ATTR_TENSOR] = FDML_ONNX_TENSOR,
        [FDML_ATTR_INTS] = FDML_ONNX_INTS,       [FDML_ATTR_FLOATS] = FDML_ONNX_FLOATS,
        [FDML_ATTR_STRINGS] = FDML_ONNX_STRINGS,
    };
    *to = (fdml_onnx_attr){ .name = from->name, .type = type[from->kind], .n = from->n };
    fdml_onnx_tensor *tensor;
    switch (from->kind) {
    case FDML_ATTR_INT:
        to->i = from->as.i;
        break;
    case FDML_ATTR_FLOAT:
        to->f = from->as.f;
        break;
    case FDML_ATTR_STRING:
        to->s = from->as.s;
        break;
    case FDML_ATTR_TENSOR:
        tensor = push(e, 1, sizeof *tensor);
        to->t = tensor;
        return tensor && set_tensor(tensor, from->as.tensor, "", e);
    case FDML_ATTR_INTS:
        to->ints = from->as.ints;
        break;
    case FDML_ATTR_FLOATS:
        to->floats = from->as.floats;
        break;
    case FDML_ATTR_STRINGS:
        to->strings = from->as.strings;
        break;
    }
    return true;
}

static const char **list_names(exporter *e, const uint32_t *value, size_t n)
{
    const char **names = push(e, n, sizeof *names);
    for (size_t i = 0; names && i < n; i++)
        names[i] = value[i] == FDML_NO_VALUE ? "" : e->name[value[i]];
    return names;
}

static bool set_node(fdml_onnx_node *to, const fdml_node *from, exporter *e)
{
    fdml_onnx_attr *attr = push(e, from->n_attrs, sizeof *attr);
    *to = (fdml_onnx_node){ .name = from->name ? from->name : "",
                            .op_type = from->op->name,
                            .domain = "",
                            .n_inputs = from->n_inputs,
                            .n_outputs = from->n_outputs,
                            .n_attrs = from->n_attrs,
                            .input = list_names(e, from->input, from->n_inputs),
                            .output = list_names(e, from->output, from->n_outputs),
                            .attr = attr };
    if (!attr || !to->input || !to->output) return false;
    for (uint32_t i = 0; i < from->n_attrs; i++)
        if (!set_attr(&attr[i], &from->attr[i], e)) return false;
    return true;
}

static bool set_nodes(fdml_onnx_file *file, exporter *e)
{
    fdml_onnx_node *node = push(e, e->graph->n_nodes, sizeof *node);
    if (!node) return false;
    for (size_t i = 0; i < e->graph->n_nodes; i++)
        if (!set_node(&node[i], &e->graph->node[i], e)) return false;
    file->node = node;
    file->n_nodes = e->graph->n_nodes;
    return true;
}

static bool set_initializers(fdml_onnx_file *file, exporter *e)
{
    fdml_onnx_tensor *tensor = push(e, e->graph->n_values, sizeof *tensor);
    if (!tensor) return false;
    for (size_t v = 0; v < e->graph->n_values; v++) {
        const fdml_tensor *constant = &e->graph->value[v].constant;
        if (!constant->data) continue;
        if (!set_tensor(&tensor[file->n_initializers++], constant, e->name[v], e)) return false;
    }
    file->initializer = tensor;
    return true;
}

static const fdml_onnx_value *list_values(exporter *e, const uint32_t *value, size_t n)
{
    fdml_onnx_value *list = push(e, n, sizeof *list);
    for (size_t i = 0; list && i < n; i++) {
        const fdml_graph_value *from = &e->graph->value[value[i]];
        list[i] = (fdml_onnx_value){ .name = e->name[value[i]],
                                     .type = (int)from->type,
                                     .rank = from->rank,
                                     .dim = from->dim };
    }
    return list;
}

static fdml_status check_types(const char *name, const fdml_graph *graph, fdml_error *err)
{
    for (size_t i = 0; i < graph->n_inputs + graph->n_outputs; i++) {
        const bool is_input = i < graph->n_inputs;
        const uint32_t v = is_input ? graph->input[i] : graph->output[i - graph->n_inputs];
        if (graph->value[v].type == FDML_TYPE_NONE)
            return fdml_fail(err, FDML_E_UNSUPPORTED, "%.200s: %s \"%.90s\" has no type", name,
                             is_input ? "input" : "output", graph->value[v].name);
    }
    return FDML_OK;
}

fdml_status fdml_onnx_export_stream(FILE *file, const char *name, const fdml_graph *graph,
                                    fdml_error *err)
{
    fdml_arena arena;
    exporter e = { .graph = graph, .arena = &arena };
    fdml_onnx_file model = { .ir_version = graph->ir_version ? graph->ir_version : OWN_IR,
                             .producer_name = "fdml",
                             .producer_version = "",
                             .opset = graph->opset,
                             .n_inputs = graph->n_inputs,
                             .n_outputs = graph->n_outputs };
    FDML_TRY(check_types(name, graph, err));
    if (model.ir_version < LEAST_IR) model.ir_version = LEAST_IR;
    fdml_arena_init(&arena, 0);
    fdml_status status = FDML_OK;
    bool fits = name_values(&e) && set_nodes(&model, &e) && set_initializers(&model, &e);
    if (fits) {
        model.input = list_values(&e, graph->input, graph->n_inputs);
        model.output = list_values(&e, graph->output, graph->n_outputs);
        fits = model.input && model.output;
    }
    status = fits ? fdml_onnx_write(file, &model, name, err)
                  : fdml_fail(err, FDML_E_NOMEM, "%.200s: no memory to list %zu nodes", name,
                              graph->n_nodes);
    fdml_arena_close(&arena);
    return status;
}

fdml_status fdml_onnx_export(const char *path, const fdml_graph *graph, fdml_error *err)
{
    fdml_output output;
    FDML_TRY(fdml_output_open(&output, path, NULL, err));
    const fdml_status status = fdml_onnx_export_stream(output.file, path, graph, err);
    if (!status) return fdml_output_commit(&output, err);
    fdml_output_abort(&output);
    return status;
}
