/* graph.c - asking a node for its attributes, and complaining about it. See graph.h.
 * SPDX-License-Identifier: MIT */
#include "model/graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "model/op.h"

void fdml_graph_close(fdml_graph *graph)
{
    fdml_map_list_close(&graph->maps);
}

const fdml_attr *fdml_node_attr(const fdml_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->n_attrs; i++)
        if (!strcmp(node->attr[i].name, name)) return &node->attr[i];
    return NULL;
}

int64_t fdml_node_int(const fdml_node *node, const char *name, int64_t otherwise)
{
    const fdml_attr *attr = fdml_node_attr(node, name);
    return attr && attr->kind == FDML_ATTR_INT ? attr->as.i : otherwise;
}

float fdml_node_float(const fdml_node *node, const char *name, float otherwise)
{
    const fdml_attr *attr = fdml_node_attr(node, name);
    return attr && attr->kind == FDML_ATTR_FLOAT ? attr->as.f : otherwise;
}

const char *fdml_node_text(const fdml_node *node, const char *name, const char *otherwise)
{
    const fdml_attr *attr = fdml_node_attr(node, name);
    return attr && attr->kind == FDML_ATTR_STRING ? attr->as.s : otherwise;
}

/* A name may be as long as its file; the sentence has to hold the reason, too. */
fdml_status fdml_node_fail(fdml_error *err, fdml_status status, const fdml_graph *graph,
                           const fdml_node *node, const char *format, ...)
{
    char why[FDML_ERROR_MAX], name[96] = "", op[80] = "";
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    if (node->name && *node->name) snprintf(name, sizeof name, " \"%.90s\"", node->name);
    if (node->op) snprintf(op, sizeof op, " (%.70s)", node->op->name);
    return fdml_fail(err, status, "%.200s: node %u%s%s: %s", graph->name, (unsigned)node->index,
                     name, op, why);
}
