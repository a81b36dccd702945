/* report_html_about.c - leakage, and what a reader needs to trust and repeat the page:
 * definitions, settings, inputs with their hashes.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/report_html.h"

/* --- leakage -------------------------------------------------------------------------- */

static bool put_leakage_chart(html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    html_row *rows = fdml_arena_push(page->arena, 3 * result->n_leakage, sizeof *rows);
    char about[HTML_TEXT] = "";
    size_t n = 0;
    if (!rows) return false;
    for (size_t i = 0; i < result->n_leakage; i++) {
        const fdml_leakage_result *l = &result->leakage[i];
        char logistic[FDML_SHOWN_MAX], knn[FDML_SHOWN_MAX], chance[FDML_SHOWN_MAX];
        rows[n++] = (html_row){ .label = l->by, .is_heading = true };
        rows[n++] =
            (html_row){ .label = "logistic", .estimate = l->logistic, .base = l->chance };
        rows[n++] = (html_row){ .label = "knn", .estimate = l->knn, .base = l->chance };
        fdml_show_estimate(logistic, &l->logistic);
        fdml_show_estimate(knn, &l->knn);
        fdml_show_value(chance, l->chance);
        fdml_text_append(about, sizeof about, "%s%.100s: logistic %s, knn %s, chance %s",
                         i ? "; " : "", l->by, logistic, knn, chance);
    }
    const html_rows chart = { .row = rows, .n = n, .line = NAN, .axis = "balanced accuracy" };
    fdml_html_begin_charts(page);
    fdml_html_chart_rows(page, "Leakage: bars begin at chance", about, &chart);
    fdml_html_end_charts(page);
    return true;
}

bool fdml_html_put_leakage(html_page *page)
{
    fdml_grid grid;
    fputs("<p>How well an attribute can be read from embeddings of classes that the reader has "
          "not seen. An embedding that knows nothing of it scores chance.</p>\n",
          page->file);
    if (!put_leakage_chart(page)) return false;
    if (!fdml_grid_leakage(&grid, page->report, page->arena)) return false;
    fdml_html_table(page, &grid, "Leakage", grid.n_columns);
    return true;
}

/* --- definitions ---------------------------------------------------------------------- */

void fdml_html_define(html_page *page, const char *key, const char *sentence)
{
    if (!sentence) return;
    fprintf(page->file, "<dt><code>%s</code></dt><dd>", key);
    fdml_html_text(page, sentence);
    fputs("</dd>\n", page->file);
}

bool fdml_html_put_definitions(html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    const fdml_audit_settings *settings = result->settings;
    const char *keys[FDML_MEASURES_MAX];
    const size_t n = fdml_report_measures(keys, result);
    fputs("<dl class=\"defs\">\n", page->file);
    for (size_t m = 0; m < settings->n_metrics; m++)
        if (!fdml_report_is_repeated(settings, m))
            fdml_html_define(page, fdml_report_family(&settings->metrics[m]),
                             settings->metrics[m].definition);
    for (size_t i = 0; i < n; i++)
        fdml_html_define(page, keys[i], fdml_define(keys[i], (int)settings->convention));
    fputs("</dl>\n", page->file);
    return true;
}

void fdml_html_put_warnings(html_page *page, const char *const *warning, size_t n)
{
    if (!n) return;
    fputs("<div class=\"warn\"><h3>Warnings</h3>\n", page->file);
    for (size_t i = 0; i < n; i++) {
        fputs("<p>", page->file);
        fdml_html_text(page, warning[i]);
        fputs("</p>\n", page->file);
    }
    fputs("</div>\n", page->file);
}

/* --- settings ------------------------------------------------------------------------- */

static void put_setting_value(html_page *page, const fdml_setting *s)
{
    switch (s->kind) {
    case FDML_SETTING_TEXT:
        fdml_html_name(page, s->text ? s->text : "none");
        break;
    case FDML_SETTING_NUMBER:
        fprintf(page->file, "%g", s->number);
        break;
    case FDML_SETTING_INTEGER:
        fprintf(page->file, "%llu", (unsigned long long)s->integer);
        break;
    case FDML_SETTING_BOOL:
        fputs(s->number != 0 ? "yes" : "no", page->file);
        break;
    case FDML_SETTING_TEXTS:
        for (size_t i = 0; i < s->n; i++) {
            fputs(i ? ", " : "", page->file);
            fdml_html_name(page, s->texts[i]);
        }
        break;
    case FDML_SETTING_NUMBERS:
        for (size_t i = 0; i < s->n; i++)
            fprintf(page->file, "%s%g", i ? ", " : "", s->numbers[i]);
        break;
    }
    if (!s->n && (s->kind == FDML_SETTING_TEXTS || s->kind == FDML_SETTING_NUMBERS))
        fputs("none", page->file);
}

void fdml_html_put_setting_list(html_page *page, const fdml_setting *settings, size_t n)
{
    fputs("<table>\n<caption>All that the numbers depend on, beside the inputs</caption>\n"
          "<tbody>\n",
          page->file);
    for (size_t i = 0; i < n; i++) {
        fprintf(page->file, "<tr><th scope=\"row\">%s</th><td class=\"name\">",
                settings[i].key);
        put_setting_value(page, &settings[i]);
        fputs("</td></tr>\n", page->file);
    }
    fputs("</tbody>\n</table>\n", page->file);
}

bool fdml_html_put_settings(html_page *page)
{
    fdml_setting settings[FDML_SETTINGS_MAX];
    const size_t n = fdml_report_settings(settings, page->report, page->arena);
    if (!n) return false;
    fdml_html_put_setting_list(page, settings, n);
    return true;
}

/* --- hashes --------------------------------------------------------------------------- */

bool fdml_html_put_hashes(html_page *page)
{
    const fdml_report *report = page->report;
    fputs("<dl>\n<dt>result_sha256</dt><dd><code>", page->file);
    fdml_html_text(page, report->result_sha256);
    fputs("</code>, over the numbers of this report: the same on every machine.", page->file);
    fputs(page->detail ? " Samples and maps are views and no part of it.</dd>\n" : "</dd>\n",
          page->file);
    for (size_t i = 0; i < report->n_inputs; i++) {
        const fdml_report_input *input = &report->inputs[i];
        fprintf(page->file, "<dt>%s: ", input->role);
        fdml_html_name(page, input->path);
        fputs("</dt><dd>", page->file);
        if (input->dim) {
            fprintf(page->file, "%zu x %zu, ", input->n_rows, input->dim);
            fdml_html_text(page, input->dtype); /* "<f4" */
            fputs(", ", page->file);
        } else if (input->n_rows)
            fprintf(page->file, "%zu rows, ", input->n_rows);
        fprintf(page->file, "sha256 <code>%s</code></dd>\n", input->sha256);
    }
    fputs("</dl>\n", page->file);
    return true;
}
