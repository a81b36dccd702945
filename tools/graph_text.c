/* graph_text.c - see graph_text.h.
 * SPDX-License-Identifier: MIT */
#include "graph_text.h"

#include <stdio.h>
#include <string.h>

const char *graph_outputs_text(char text[GRAPH_NAMES_TEXT], const fdml_graph *graph)
{
    text[0] = 0;
    for (size_t i = 0; i < graph->n_outputs; i++) {
        const size_t n = strlen(text);
        snprintf(text + n, GRAPH_NAMES_TEXT - n, "%s%s", i ? ", " : "",
                 graph->value[graph->output[i]].name);
    }
    return text;
}

const char *graph_shape_text(char text[FDML_SHAPE_TEXT], const fdml_graph_value *value)
{
    size_t n = 0;
    if (value->rank < 0) {
        snprintf(text, FDML_SHAPE_TEXT, "any shape");
        return text;
    }
    for (int d = 0; d < value->rank && n < FDML_SHAPE_TEXT; d++) {
        char dim[24] = "?";
        if (d == 0 && value->dim[d] < 0) dim[0] = 'N';
        if (value->dim[d] >= 0) snprintf(dim, sizeof dim, "%lld", (long long)value->dim[d]);
        n += (size_t)snprintf(text + n, FDML_SHAPE_TEXT - n, "%s%s", d ? "," : "[", dim);
    }
    if (n < FDML_SHAPE_TEXT) snprintf(text + n, FDML_SHAPE_TEXT - n, value->rank ? "]" : "[]");
    return text;
}
