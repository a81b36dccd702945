/* graph_text.h - a network's inputs and outputs as words for messages.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_GRAPH_TEXT_H
#define FDML_TOOLS_GRAPH_TEXT_H

#include "model/graph.h"

enum { GRAPH_NAMES_TEXT = 256 };

/* "probs, features, logits": of all outputs as many as fit. Returns text. */
const char *graph_outputs_text(char text[GRAPH_NAMES_TEXT], const fdml_graph *graph);

/* "[N,3,224,224]": what the file declares, N for a first axis that is free, ? for others; "any
 * shape". Returns text. */
const char *graph_shape_text(char text[FDML_SHAPE_TEXT], const fdml_graph_value *value);

#endif
