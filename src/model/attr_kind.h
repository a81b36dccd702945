/* attr_kind.h - which kind of value an attribute of ONNX has.
 *
 * The specification uses a name for one kind throughout, but for "value", so one list of names
 * serves all operators: what it does not know belongs to none that we have.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_ATTR_KIND_H
#define FDML_MODEL_ATTR_KIND_H

#include "model/graph.h"

/* Is `kind` what the attribute must be? True where the name is not known. *expected is set. */
bool fdml_attr_kind_fits(const char *op, const char *name, fdml_attr_kind kind,
                         fdml_attr_kind *expected);
const char *fdml_attr_kind_name(fdml_attr_kind kind); /* "ints" */

#endif
