/* report_html.c - the sections of fdml-eval's HTML report. See report_html.h.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/report_html.h"

#include <assert.h>

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

static const html_outline outline = { .program = "fdml-eval",
                                      .title = "Audit of ",
                                      .subject = "embeddings",
                                      .section = sections,
                                      .n = sizeof sections / sizeof *sections };

fdml_status fdml_report_html(FILE *file, const fdml_report *report, fdml_arena *arena,
                             fdml_error *err)
{
    assert(report->result->detail);
    html_page page = { .file = file,
                       .outline = &outline,
                       .report = report,
                       .detail = report->result->detail,
                       .arena = arena };
    return fdml_html_page(&page, err);
}
