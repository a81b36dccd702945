/* study_json.h - what the files of the JSON view share.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_STUDY_JSON_H
#define FDML_EXPLAIN_STUDY_JSON_H

#include "base/json.h"
#include "explain/study.h"

/* "black_boxes": each with its quality and methods. False: no memory. */
bool fdml_study_json_boxes(fdml_json_writer *w, const fdml_study *study, fdml_arena *arena);

#endif
