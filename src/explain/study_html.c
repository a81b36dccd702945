/* study_html.c - the sections of fdml-explain's HTML report. See study_html.h.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/study_html.h"

#include <string.h>

static bool has_gates(const html_page *page)
{
    return page->report->n_gates > 0;
}

static bool has_changes(const html_page *page)
{
    const fdml_study *study = study_of(page);
    for (size_t b = 0; b < study->options->n_sources; b++)
        for (size_t m = 0; m < study->options->n_methods; m++)
            if (study->box[b].explained[m].change) return true;
    return false;
}

static bool has_information(const html_page *page)
{
    return study_of(page)->n_information > 0;
}

static bool has_simulation(const html_page *page)
{
    const fdml_study *study = study_of(page);
    return study->options->with_simulation && study->n_attributes > 0 &&
           study->box[0].explained[0].simulation;
}

static bool has_local(const html_page *page)
{
    const fdml_study *study = study_of(page);
    for (size_t b = 0; b < study->options->n_sources; b++)
        for (size_t m = 0; m < study->options->n_methods; m++)
            if (study->box[b].explained[m].local) return true;
    return false;
}

bool fdml_study_html_table(html_page *page, fdml_study_table_kind kind, size_t box)
{
    fdml_study_table table;
    const fdml_study_report *report = study_report_of(page);
    if (!fdml_study_table_make(&table, report, kind, box, true, page->arena)) return false;
    if (!table.grid.n_rows) return true;
    fdml_html_table(page, &table.grid, table.title, STUDY_COLUMNS);
    if (!*table.note) return true;
    fputs("<p class=\"note\">", page->file);
    fdml_html_text(page, table.note);
    fputs("</p>\n", page->file);
    return true;
}

void fdml_study_html_heading(html_page *page, const fdml_study_box *box,
                             const fdml_study_attribute *attribute)
{
    fputs("<h3>", page->file);
    fdml_html_name(page, box->source->name);
    if (attribute) {
        fputs(", by ", page->file);
        fdml_html_name(page, attribute->name);
    }
    fputs("</h3>\n", page->file);
}

static const html_section sections[] = {
    { "summary", "Summary", NULL, NULL, fdml_study_html_put_summary },
    { "gates", "Gates", has_gates, "none was asked for: --fail-if", fdml_html_put_gates },
    { "data", "Data and split", NULL, NULL, fdml_study_html_put_data },
    { "boxes", "Black boxes", NULL, NULL, fdml_study_html_put_boxes },
    { "groups", "Fidelity by group", NULL, NULL, fdml_study_html_put_groups },
    { "gaps", "Gaps between groups", NULL, NULL, fdml_study_html_put_gaps },
    { "changes", "Interventions: changes against the baseline", has_changes,
      "no baseline was named: --compare", fdml_study_html_put_changes },
    { "simulation", "What readers decide: a simulation", has_simulation,
      "not asked for: --simulate", fdml_study_html_put_simulation },
    { "information", "What features tell of the groups", has_information,
      "not asked for: --information", fdml_study_html_put_information },
    { "row", "The explanation of one row", has_local,
      "no method keeps what it says of single rows", fdml_study_html_put_row },
    { "definitions", "Definitions", NULL, NULL, fdml_study_html_put_definitions },
    { "settings", "Settings", NULL, NULL, fdml_study_html_put_settings },
    { "hashes", "Inputs and hashes", NULL, NULL, fdml_html_put_hashes },
};

static const html_outline outline = { .program = "fdml-explain",
                                      .title = "Explanations of ",
                                      .subject = "a table",
                                      .section = sections,
                                      .n = sizeof sections / sizeof *sections };

fdml_status fdml_study_html(FILE *file, const fdml_study_report *report, fdml_arena *arena,
                            fdml_error *err)
{
    /* What both programs' pages say of themselves. */
    fdml_report shared = { .inputs = report->inputs,
                           .n_inputs = report->n_inputs,
                           .gates = report->gates,
                           .n_gates = report->n_gates,
                           .version = report->version,
                           .commit = report->commit,
                           .isa = report->isa,
                           .n_threads = report->n_threads,
                           .seconds = report->seconds };
    memcpy(shared.result_sha256, report->result_sha256, sizeof shared.result_sha256);
    html_page page = {
        .file = file, .outline = &outline, .report = &shared, .subject = report, .arena = arena
    };
    return fdml_html_page(&page, err);
}
