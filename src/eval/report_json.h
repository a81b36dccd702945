/* report_json.h - the parts that the files of the JSON report share.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_REPORT_JSON_H
#define FDML_EVAL_REPORT_JSON_H

#include "base/json.h"
#include "eval/report.h"

/* Members of an object that is open: "value", "ci". */
void fdml_report_json_value(fdml_json_writer *w, const fdml_estimate *e);
/* "key": {"value", "ci", "n" where asked for, "why" where there is one}. */
void fdml_report_json_estimate(fdml_json_writer *w, const char *key, const fdml_estimate *e,
                               bool with_n);
/* "tool" and "inputs"; "command", where there is one. */
void fdml_report_json_tool(fdml_json_writer *w, const fdml_report *report);
void fdml_report_json_command(fdml_json_writer *w, const fdml_report *report);
/* "verification": null where not asked for. */
void fdml_report_json_verification(fdml_json_writer *w, const fdml_audit_result *result);
/* "compare": likewise. */
void fdml_report_json_compare(fdml_json_writer *w, const fdml_audit_result *result);
/* "gates": likewise. */
void fdml_report_json_gates(fdml_json_writer *w, const fdml_report *report);
/* "leakage": likewise. */
void fdml_report_json_leakage(fdml_json_writer *w, const fdml_audit_result *result);
/* "slices": likewise. */
void fdml_report_json_slices(fdml_json_writer *w, const fdml_audit_result *result);
/* "detail": only where the result has one; `dim` numbers of a spectrum. */
void fdml_report_json_detail(fdml_json_writer *w, const fdml_audit_result *result, size_t dim);

/* "downstream": likewise. */
void fdml_report_json_downstream(fdml_json_writer *w, const fdml_audit_result *result);

#endif
