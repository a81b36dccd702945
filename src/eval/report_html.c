/* report_html.c - the page of the HTML report: head, contents, sections. See report_html.h.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/report_html.h"

#include <assert.h>

#include "base/file.h"

static bool has_metrics(const html_page *page)
{
    return page->report->result->settings->n_metrics > 0;
}

static bool has_gaps(const html_page *page)
{
    return page->report->result->n_gaps > 0;
}

static bool has_groups(const html_page *page)
{
    return page->detail->n_by > 0;
}

static bool has_ranks(const html_page *page)
{
    return page->detail->n_ks > 0;
}

static bool has_spectrum(const html_page *page)
{
    return page->detail->overall.spectrum != NULL;
}

static bool has_verification(const html_page *page)
{
    return page->report->result->verification.given;
}

static bool has_cross(const html_page *page)
{
    return has_verification(page) && has_groups(page);
}

static bool has_leakage(const html_page *page)
{
    return page->report->result->n_leakage > 0;
}

static bool has_slices(const html_page *page)
{
    return page->report->result->slices != NULL;
}

static bool has_failures(const html_page *page)
{
    return has_ranks(page) && has_groups(page);
}

static bool has_gates(const html_page *page)
{
    return page->report->n_gates > 0;
}

static bool has_comparison(const html_page *page)
{
    return page->report->result->comparison != NULL;
}

static bool has_downstream(const html_page *page)
{
    return page->report->result->n_downstream > 0;
}

/* One section: its anchor and title; whether this report has it (NULL: all have), and what is
 * said at the end where it has not; what writes it, false where memory ran out. */
typedef struct html_section {
    const char *id, *title;
    bool (*is_given)(const html_page *page);
    const char *absent;
    bool (*put)(html_page *page);
} html_section;

#define ASK_GROUPS "no groups were compared: --group names the columns"
#define ASK_METRICS "no metric of groups was asked for"

static const html_section sections[] = {
    { "summary", "Summary", NULL, NULL, fdml_html_put_summary },
    { "gates", "Gates", has_gates, "none was asked for: --fail-if", fdml_html_put_gates },
    { "data", "Data card", NULL, NULL, fdml_html_put_data },
    { "groups", "Values by group", has_metrics, ASK_METRICS, fdml_html_put_groups },
    { "gaps", "Gaps between groups", has_gaps, ASK_GROUPS, fdml_html_put_gaps },
    { "comparison", "Comparison with another model", has_comparison,
      "no other model was given: --compare", fdml_html_put_comparison },
    { "downstream", "Downstream classifiers", has_downstream, "not asked for: -m downstream",
      fdml_html_put_downstream },
    { "curves", "Recall by K", has_ranks, "no retrieval metric was asked for: -m retrieval",
      fdml_html_put_curves },
    { "distances", "Distances within and between classes", NULL, NULL,
      fdml_html_put_distances },
    { "cross", "False matches across groups", has_cross,
      "verification was not asked for, or no groups were compared: -m verification",
      fdml_html_put_cross },
    { "spectrum", "Spectrum", has_spectrum,
      "not computed unasked for more than 256 dimensions: -m spectrum",
      fdml_html_put_spectrum },
    { "det", "Error trade-off (DET)", has_verification,
      "verification was not asked for: -m verification", fdml_html_put_det },
    { "leakage", "Leakage of attributes", has_leakage,
      "leakage was not asked for, or no groups were compared: -m leakage",
      fdml_html_put_leakage },
    { "slices", "Worst slices", has_slices, "not searched for: --find-slices",
      fdml_html_put_slices },
    { "map", "Map of the embedding", NULL, NULL, fdml_html_put_map },
    { "worst", "Worst queries", has_failures,
      "no retrieval metric was asked for, or no groups were compared", fdml_html_put_worst },
    { "definitions", "Definitions", NULL, NULL, fdml_html_put_definitions },
    { "settings", "Settings", NULL, NULL, fdml_html_put_settings },
    { "hashes", "Inputs and hashes", NULL, NULL, fdml_html_put_hashes },
};
enum { N_SECTIONS = sizeof sections / sizeof *sections };

static bool is_given(const html_section *section, const html_page *page)
{
    return !section->is_given || section->is_given(page);
}

static void put_title(html_page *page)
{
    const fdml_report *report = page->report;
    fputs("Audit of ", page->file);
    fdml_html_text(page,
                   report->n_inputs ? fdml_file_name(report->inputs[0].path) : "embeddings");
}

static void put_head(html_page *page)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; img-src data:\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<meta name=\"generator\" content=\"fdml-eval ",
          page->file);
    fdml_html_text(page, page->report->version);
    fputs("\">\n<title>", page->file);
    put_title(page);
    fputs("</title>\n", page->file);
    fdml_html_style(page);
    fputs("</head>\n<body>\n<header>\n<h1>", page->file);
    put_title(page);
    fputs("</h1>\n</header>\n<main>\n", page->file);
}

/* After the summary: the first screen answers before it offers more. */
static void put_contents(html_page *page)
{
    fputs("<nav aria-label=\"Contents\"><ol>\n", page->file);
    for (size_t i = 0; i < N_SECTIONS; i++)
        if (is_given(&sections[i], page))
            fprintf(page->file, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id,
                    sections[i].title);
    fputs("</ol></nav>\n", page->file);
}

static void put_absent(html_page *page)
{
    bool is_first = true;
    for (size_t i = 0; i < N_SECTIONS; i++) {
        if (is_given(&sections[i], page)) continue;
        fputs(is_first ? "<h3>Not in this report</h3>\n<ul>\n" : "", page->file);
        fprintf(page->file, "<li>%s: %s.</li>\n", sections[i].title, sections[i].absent);
        is_first = false;
    }
    fputs(is_first ? "" : "</ul>\n", page->file);
}

static void put_foot(html_page *page)
{
    const fdml_report *report = page->report;
    fputs("</main>\n<footer>\n", page->file);
    put_absent(page);
    fputs("<p>fdml-eval ", page->file);
    fdml_html_text(page, report->version);
    fputs(", commit ", page->file);
    fdml_html_text(page, report->commit);
    fprintf(page->file, "; %.1f s with %d thread%s, ", report->seconds, report->n_threads,
            report->n_threads == 1 ? "" : "s");
    fdml_html_text(page, report->isa);
    fputs(".</p>\n</footer>\n</body>\n</html>\n", page->file);
}

fdml_status fdml_report_html(FILE *file, const fdml_report *report, fdml_arena *arena,
                             fdml_error *err)
{
    assert(report->result->detail);
    html_page page = {
        .file = file, .report = report, .detail = report->result->detail, .arena = arena
    };
    put_head(&page);
    for (size_t i = 0; i < N_SECTIONS; i++) {
        if (!is_given(&sections[i], &page)) continue;
        fprintf(file, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n",
                sections[i].id, sections[i].id, sections[i].title);
        if (!sections[i].put(&page))
            return fdml_fail(err, FDML_E_NOMEM, "no memory for the report");
        fputs("</section>\n", file);
        if (i == 0) put_contents(&page);
    }
    put_foot(&page);
    return FDML_OK;
}
