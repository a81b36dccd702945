/* suite_export.c - a model written and read again must be the model. See suite.h.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/onnx_export.h"
#include "model/onnx_import.h"
#include "model/op.h"
#include "suite.h"

static const char *name_of(const fdml_graph *graph, uint32_t value)
{
    return value == FDML_NO_VALUE ? "" : graph->value[value].name;
}

static bool same_tensor(const fdml_tensor *a, const fdml_tensor *b)
{
    if (a->type != b->type || a->rank != b->rank || !fdml_tensor_same_shape(a, b)) return false;
    if (a->type != FDML_TYPE_STRING) return !memcmp(a->data, b->data, fdml_tensor_size(a));
    const char *const *x = a->data, *const *y = b->data;
    for (size_t i = 0; i < a->n_items; i++)
        if (strcmp(x[i], y[i])) return false;
    return true;
}

static bool same_texts(const char *const *a, const char *const *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(a[i], b[i])) return false;
    return true;
}

static bool same_attr(const fdml_attr *a, const fdml_attr *b)
{
    if (strcmp(a->name, b->name) || a->kind != b->kind || a->n != b->n) return false;
    switch (a->kind) {
    case FDML_ATTR_INT:
        return a->as.i == b->as.i;
    case FDML_ATTR_FLOAT:
        return !memcmp(&a->as.f, &b->as.f, sizeof a->as.f);
    case FDML_ATTR_STRING:
        return !strcmp(a->as.s, b->as.s);
    case FDML_ATTR_TENSOR:
        return same_tensor(a->as.tensor, b->as.tensor);
    case FDML_ATTR_INTS:
        return !a->n || !memcmp(a->as.ints, b->as.ints, a->n * sizeof *a->as.ints);
    case FDML_ATTR_FLOATS:
        return !a->n || !memcmp(a->as.floats, b->as.floats, a->n * sizeof *a->as.floats);
    case FDML_ATTR_STRINGS:
        return same_texts(a->as.strings, b->as.strings, a->n);
    }
    return false;
}

static bool same_node(const fdml_graph *g, const fdml_node *a, const fdml_graph *h,
                      const fdml_node *b)
{
    if (a->op != b->op || strcmp(a->name, b->name) || a->opset != b->opset ||
        a->n_inputs != b->n_inputs || a->n_outputs != b->n_outputs || a->n_attrs != b->n_attrs)
        return false;
    for (uint32_t i = 0; i < a->n_inputs; i++) {
        if (strcmp(name_of(g, a->input[i]), name_of(h, b->input[i]))) return false;
        if (a->input[i] == FDML_NO_VALUE) continue;
        const fdml_tensor *x = &g->value[a->input[i]].constant,
                          *y = &h->value[b->input[i]].constant;
        if (!x->data != !y->data || (x->data && !same_tensor(x, y))) return false;
    }
    for (uint32_t i = 0; i < a->n_outputs; i++)
        if (strcmp(name_of(g, a->output[i]), name_of(h, b->output[i]))) return false;
    for (uint32_t i = 0; i < a->n_attrs; i++)
        if (!same_attr(&a->attr[i], &b->attr[i])) return false;
    return true;
}

static bool same_values(const fdml_graph *g, const uint32_t *a, const fdml_graph *h,
                        const uint32_t *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const fdml_graph_value *x = &g->value[a[i]], *y = &h->value[b[i]];
        if (strcmp(x->name, y->name) || x->type != y->type || x->rank != y->rank) return false;
        for (int d = 0; d < x->rank; d++)
            if (x->dim[d] != y->dim[d]) return false;
    }
    return true;
}

static bool compare(char why[SUITE_WHY], const fdml_graph *g, const fdml_graph *h)
{
    const char *what = NULL;
    if (g->n_nodes != h->n_nodes || g->n_inputs != h->n_inputs ||
        g->n_outputs != h->n_outputs || g->opset != h->opset)
        what = "a number of things";
    else if (!same_values(g, g->input, h, h->input, g->n_inputs))
        what = "an input";
    else if (!same_values(g, g->output, h, h->output, g->n_outputs))
        what = "an output";
    for (size_t i = 0; !what && i < g->n_nodes; i++)
        if (!same_node(g, &g->node[i], h, &h->node[i])) what = g->node[i].op->name;
    if (what) snprintf(why, SUITE_WHY, "exported: %s is not what it was", what);
    return !what;
}

bool suite_export(char why[SUITE_WHY], fdml_graph *graph, fdml_arena *arena)
{
    char *bytes = NULL;
    size_t size = 0;
    fdml_graph again;
    fdml_error err;
    FILE *file = open_memstream(&bytes, &size);
    if (!file) return snprintf(why, SUITE_WHY, "exported: no memory"), false;
    fdml_status status = fdml_onnx_export_stream(file, "exported", graph, &err);
    const bool is_written = !fclose(file);
    unsigned char *kept = fdml_arena_push(arena, size, 1); /* as long as the graph */
    if (is_written && kept) memcpy(kept, bytes, size);
    free(bytes);
    if (!is_written || !kept) return snprintf(why, SUITE_WHY, "exported: no memory"), false;
    if (!status)
        status = fdml_onnx_import_bytes(&again, "exported", kept, size, NULL, arena, &err);
    if (status) return snprintf(why, SUITE_WHY, "exported: %.600s", err.text), false;
    if (!compare(why, graph, &again)) return false;
    *graph = again;
    return true;
}
