/* report_html_gates.c - which gates the numbers pass: in the summary, and all of them.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "eval/gate.h"
#include "eval/report_html.h"

enum { MOST_FAILED = 4 }; /* that the summary tells of */

/* What the clause compares; its text as well where the gate has several. */
static void put_clause(html_page *page, const fdml_gate_clause *clause, bool has_text)
{
    char left[FDML_SHOWN_MAX], right[FDML_SHOWN_MAX];
    const fdml_estimate e = { clause->left, clause->lo, clause->hi, 0, NULL };
    fputs("<br>", page->file);
    if (has_text) {
        fdml_html_name(page, clause->text);
        fputs(": ", page->file);
    }
    if (clause->holds == FDML_UNDECIDED) {
        fdml_html_text(page, clause->why ? clause->why : "undecided");
        return;
    }
    fdml_show_estimate(left, &e);
    fdml_show_value(right, clause->right);
    fprintf(page->file, "%s against %s", left, right);
}

/* A gate that does not pass, with the clauses it hangs on. */
static void put_failed(html_page *page, const fdml_gate_outcome *gate)
{
    const bool is_plain = gate->n_clauses == 1;
    fprintf(page->file,
            "<li>%s: ", gate->holds == FDML_TRUE ? "Failed" : "Cannot be decided, so it fails");
    fputs("<code>", page->file);
    fdml_html_name(page, gate->text);
    fputs("</code>", page->file);
    for (size_t k = 0; k < gate->n_clauses; k++)
        if (is_plain || gate->clauses[k].holds != FDML_FALSE)
            put_clause(page, &gate->clauses[k], !is_plain);
    fputs("</li>\n", page->file);
}

void fdml_html_put_verdicts(html_page *page)
{
    const fdml_report *report = page->report;
    size_t n_failed = 0, n = 0;
    if (!report->n_gates) return;
    for (size_t i = 0; i < report->n_gates; i++)
        n_failed += report->gates[i].holds != FDML_FALSE;
    if (!n_failed) {
        fprintf(page->file, "<p class=\"good\"><strong>%s.</strong></p>\n",
                report->n_gates == 1 ? "The gate is passed" : "All gates are passed");
        return;
    }
    fprintf(page->file,
            "<div class=\"warn\">\n<p><strong>%zu of %zu gate%s failed.</strong></p>\n<ul>\n",
            n_failed, report->n_gates, report->n_gates == 1 ? "" : "s");
    for (size_t i = 0; i < report->n_gates; i++)
        if (report->gates[i].holds != FDML_FALSE && ++n <= MOST_FAILED)
            put_failed(page, &report->gates[i]);
    fputs("</ul>\n", page->file);
    if (n > MOST_FAILED)
        fprintf(page->file, "<p>%zu more: see <a href=\"#gates\">gates</a>.</p>\n",
                n - MOST_FAILED);
    fputs("</div>\n", page->file);
}

/* The last column, which says what is compared, heads the rows of the page. */
static void put_last_first(fdml_grid *grid)
{
    const size_t last = grid->n_columns - 1;
    const char *header = grid->header[last];
    memmove(grid->header + 1, grid->header, last * sizeof *grid->header);
    grid->header[0] = header;
    for (size_t r = 0; r < grid->n_rows; r++) {
        fdml_cell *cell = grid->cell + r * grid->n_columns;
        const fdml_cell text = cell[last];
        memmove(cell + 1, cell, last * sizeof *cell);
        cell[0] = text;
    }
}

bool fdml_html_put_gates(html_page *page)
{
    fdml_grid grid;
    fprintf(page->file,
            "<p>A gate names what must not be: where it is true, or cannot be decided, it "
            "fails, and %s ends with status 3.</p>\n",
            page->outline->program);
    if (!fdml_grid_gates(&grid, page->report, page->arena)) return false;
    put_last_first(&grid);
    fdml_html_table(page, &grid, "Gates and the numbers they compare", grid.n_columns);
    return true;
}
