/* report_html_page.c - a page from its outline: head, contents, sections, foot.
 *
 * SPDX-License-Identifier: MIT */
#include "base/file.h"
#include "eval/report_html.h"

static bool is_given(const html_section *section, const html_page *page)
{
    return !section->is_given || section->is_given(page);
}

static void put_title(html_page *page)
{
    const fdml_report *report = page->report;
    fputs(page->outline->title, page->file);
    fdml_html_text(page, report->n_inputs ? fdml_file_name(report->inputs[0].path)
                                          : page->outline->subject);
}

static void put_head(html_page *page)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'; img-src data:\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"color-scheme\" content=\"light dark\">\n"
          "<meta name=\"generator\" content=\"",
          page->file);
    fprintf(page->file, "%s ", page->outline->program);
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
    const html_section *section = page->outline->section;
    fputs("<nav aria-label=\"Contents\"><ol>\n", page->file);
    for (size_t i = 0; i < page->outline->n; i++)
        if (is_given(&section[i], page))
            fprintf(page->file, "<li><a href=\"#%s\">%s</a></li>\n", section[i].id,
                    section[i].title);
    fputs("</ol></nav>\n", page->file);
}

static void put_absent(html_page *page)
{
    const html_section *section = page->outline->section;
    bool is_first = true;
    for (size_t i = 0; i < page->outline->n; i++) {
        if (is_given(&section[i], page)) continue;
        fputs(is_first ? "<h3>Not in this report</h3>\n<ul>\n" : "", page->file);
        fprintf(page->file, "<li>%s: %s.</li>\n", section[i].title, section[i].absent);
        is_first = false;
    }
    fputs(is_first ? "" : "</ul>\n", page->file);
}

static void put_foot(html_page *page)
{
    const fdml_report *report = page->report;
    fputs("</main>\n<footer>\n", page->file);
    put_absent(page);
    fprintf(page->file, "<p>%s ", page->outline->program);
    fdml_html_text(page, report->version);
    fputs(", commit ", page->file);
    fdml_html_text(page, report->commit);
    fprintf(page->file, "; %.1f s with %d thread%s, ", report->seconds, report->n_threads,
            report->n_threads == 1 ? "" : "s");
    fdml_html_text(page, report->isa);
    fputs(".</p>\n</footer>\n</body>\n</html>\n", page->file);
}

fdml_status fdml_html_page(html_page *page, fdml_error *err)
{
    const html_section *section = page->outline->section;
    put_head(page);
    for (size_t i = 0; i < page->outline->n; i++) {
        if (!is_given(&section[i], page)) continue;
        fprintf(page->file, "<section aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n",
                section[i].id, section[i].id, section[i].title);
        if (!section[i].put(page))
            return fdml_fail(err, FDML_E_NOMEM, "no memory for the report");
        fputs("</section>\n", page->file);
        if (i == 0) put_contents(page);
    }
    put_foot(page);
    return FDML_OK;
}
