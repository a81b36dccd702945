/* report_leakage.c - leakage as a table and in the JSON report.
 * SPDX-License-Identifier: MIT */
#include "eval/report_json.h"
#include "eval/report_tables.h"

bool fdml_grid_leakage(fdml_grid *grid, const fdml_report *report, fdml_arena *arena)
{
    static const char *const header[] = { "leakage of",       "rows",       "values", "chance",
                                          "leakage_logistic", "leakage_knn" };
    const fdml_audit_result *result = report->result;
    const size_t n_columns = sizeof header / sizeof *header;
    if (!fdml_grid_init(grid, NULL, n_columns, 1, result->n_leakage, arena)) return false;
    for (size_t c = 0; c < n_columns; c++) grid->header[c] = header[c];
    for (size_t i = 0; i < result->n_leakage; i++) {
        const fdml_leakage_result *l = &result->leakage[i];
        char chance[FDML_SHOWN_MAX];
        fdml_show_value(chance, l->chance);
        fdml_grid_row(grid);
        fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", l->by);
        fdml_grid_set(grid, 1, FDML_CELL_VALUE, "%zu", l->n_rows);
        fdml_grid_set(grid, 2, FDML_CELL_VALUE, "%zu", l->n_values);
        fdml_grid_set(grid, 3, FDML_CELL_VALUE, "%s", chance);
        fdml_grid_estimate(grid, 4, &l->logistic, "");
        fdml_grid_estimate(grid, 5, &l->knn, "");
    }
    return !grid->failed;
}

void fdml_report_json_leakage(fdml_json_writer *w, const fdml_audit_result *result)
{
    fdml_json_key(w, "leakage");
    if (!result->settings->with_leakage) {
        fdml_json_null(w);
        return;
    }
    fdml_json_begin_array(w);
    for (size_t i = 0; i < result->n_leakage; i++) {
        const fdml_leakage_result *l = &result->leakage[i];
        fdml_json_begin_object(w);
        fdml_json_key(w, "by");
        fdml_json_string(w, l->by);
        fdml_json_key(w, "values");
        fdml_json_integer(w, (int64_t)l->n_values);
        fdml_json_key(w, "chance");
        fdml_json_number(w, l->chance);
        fdml_report_json_estimate(w, "leakage_logistic", &l->logistic, true);
        fdml_report_json_estimate(w, "leakage_knn", &l->knn, true);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}
