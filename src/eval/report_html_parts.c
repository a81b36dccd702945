/* report_html_parts.c - the pieces every section is made of: text, tables, figures.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "eval/report_html.h"

void fdml_html_text(html_page *page, const char *text)
{
    fdml_xml_escape(page->file, text);
}

void fdml_html_name(html_page *page, const char *name)
{
    fputs("<bdi>", page->file);
    fdml_xml_escape(page->file, name);
    fputs("</bdi>", page->file);
}

void fdml_html_put(html_page *page, const char *markup, ...)
{
    va_list arguments;
    va_start(arguments, markup);
    vfprintf(page->file, markup, arguments);
    va_end(arguments);
}

void fdml_html_heading(html_page *page, const char *by)
{
    fputs("<h3>By ", page->file);
    fdml_html_name(page, by);
    fputs("</h3>\n", page->file);
}

/* --- tables --------------------------------------------------------------------------- */

/* "0.9871 [0.9812, 0.9921]*": the interval goes below the value and its star, so that columns
 * stay narrow. */
static void put_value(html_page *page, const char *text)
{
    char value[FDML_SHOWN_MAX], interval[FDML_SHOWN_MAX];
    const char *begin = strstr(text, " ["), *end = begin ? strchr(begin, ']') : NULL;
    if (!end) {
        fdml_html_text(page, text);
        return;
    }
    snprintf(value, sizeof value, "%.*s%.24s", (int)(begin - text), text, end + 1);
    snprintf(interval, sizeof interval, "%.*s", (int)(end - begin), begin + 1);
    fdml_html_text(page, value);
    fputs(" <small>", page->file);
    fdml_html_text(page, interval);
    fputs("</small>", page->file);
}

static void put_cell(html_page *page, const fdml_cell *cell, bool is_head, size_t span)
{
    static const char *const kind[] = { "name", "num", "why", "name" };
    if (is_head)
        fputs("<th scope=\"row\"", page->file);
    else
        fprintf(page->file, "<td class=\"%s\"", kind[cell->kind]);
    if (span > 1) fprintf(page->file, " colspan=\"%zu\"", span);
    fputc('>', page->file);
    if (cell->kind == FDML_CELL_VALUE)
        put_value(page, cell->text);
    else
        fdml_html_name(page, cell->text);
    fputs(is_head ? "</th>" : "</td>", page->file);
}

/* Does the column hold names, which stand at the left? */
static bool is_of_names(const fdml_grid *grid, size_t column)
{
    for (size_t r = 0; r < grid->n_rows; r++) {
        const fdml_cell_kind kind = grid->cell[r * grid->n_columns + column].kind;
        if (!grid->is_heading[r] && kind != FDML_CELL_WHY) return kind != FDML_CELL_VALUE;
    }
    return column == 0;
}

/* Cells beside each other that have no value for the same reason say it once. */
static void put_row(html_page *page, const fdml_grid *grid, const fdml_cell *cell, size_t first,
                    size_t last)
{
    fputs("<tr>", page->file);
    for (size_t c = 0; c < grid->n_fixed; c++) put_cell(page, &cell[c], c == 0, 1);
    for (size_t c = first, end; c < last; c = end) {
        end = c + 1;
        while (cell[c].kind == FDML_CELL_WHY && end < last && cell[end].kind == FDML_CELL_WHY &&
               !strcmp(cell[c].text, cell[end].text))
            end++;
        put_cell(page, &cell[c], false, end - c);
    }
    fputs("</tr>\n", page->file);
}

static void put_columns(html_page *page, const fdml_grid *grid, const char *caption,
                        size_t first, size_t last)
{
    const size_t n = grid->n_fixed + last - first;
    const size_t id = ++page->n_tables;
    fprintf(
        page->file,
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"table-%zu\">"
        "<table>\n<caption id=\"table-%zu\">",
        id, id);
    fdml_html_text(page, caption);
    fputs("</caption>\n<thead><tr>", page->file);
    for (size_t i = 0; i < n; i++) {
        const size_t c = i < grid->n_fixed ? i : first + i - grid->n_fixed;
        fprintf(page->file, "<th scope=\"col\"%s>",
                !c                     ? ""
                : is_of_names(grid, c) ? " class=\"name\""
                                       : " class=\"num\"");
        fdml_html_name(page, grid->header[c] ? grid->header[c] : "");
        fputs("</th>", page->file);
    }
    fputs("</tr></thead>\n<tbody>\n", page->file);
    for (size_t r = 0; r < grid->n_rows; r++) {
        const fdml_cell *cell = grid->cell + r * grid->n_columns;
        if (grid->is_heading[r]) {
            fprintf(page->file, "%s<tr class=\"by\"><th colspan=\"%zu\" scope=\"rowgroup\">",
                    r ? "</tbody>\n<tbody>\n" : "", n);
            fdml_html_name(page, cell->text);
            fputs("</th></tr>\n", page->file);
            continue;
        }
        put_row(page, grid, cell, first, last);
    }
    fputs("</tbody>\n</table></div>\n", page->file);
}

void fdml_html_table(html_page *page, const fdml_grid *grid, const char *caption,
                     size_t columns)
{
    const size_t step = grid->step ? grid->step : 1, values = grid->n_columns - grid->n_fixed;
    const size_t whole = columns / step * step;
    if (!grid->n_rows) return;
    if (!values) put_columns(page, grid, caption, grid->n_fixed, grid->n_fixed);
    for (size_t first = grid->n_fixed; first < grid->n_columns; first += whole) {
        const size_t last = first + whole < grid->n_columns ? first + whole : grid->n_columns;
        char title[512];
        snprintf(title, sizeof title, "%s%s", caption,
                 first > grid->n_fixed ? ", continued" : "");
        put_columns(page, grid, title, first, last);
    }
}

/* --- figures -------------------------------------------------------------------------- */

void fdml_html_begin_charts(html_page *page)
{
    fputs("<div class=\"charts\">\n", page->file);
}

void fdml_html_end_charts(html_page *page)
{
    fputs("</div>\n", page->file);
}

void fdml_html_begin_figure(html_page *page, fdml_svg *svg, const char *title,
                            const char *description, double width, double height)
{
    char id[32];
    snprintf(id, sizeof id, "chart-%zu", ++page->n_charts);
    fputs("<figure><figcaption>", page->file);
    fdml_html_name(page, title);
    fputs("</figcaption>\n", page->file);
    const fdml_svg_about about = { id, title, description };
    fdml_svg_begin(svg, page->file, &about, width, height, false);
}

void fdml_html_begin_chart(html_page *page, fdml_svg *svg, const char *title,
                           const char *description, double height)
{
    fdml_html_begin_figure(page, svg, title, description, HTML_CHART, height);
}

void fdml_html_end_chart(html_page *page, fdml_svg *svg)
{
    fdml_svg_end(svg);
    fputs("</figure>\n", page->file);
}

void fdml_html_begin_details(html_page *page, const char *summary)
{
    fprintf(page->file, "<details>\n<summary>%s</summary>\n", summary);
}

void fdml_html_end_details(html_page *page)
{
    fputs("</details>\n", page->file);
}

void fdml_html_fact(html_page *page, const char *what, const char *format, ...)
{
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fprintf(page->file, "<tr><th scope=\"row\">%s</th><td class=\"num\">%s</td></tr>\n", what,
            text);
}

/* --- groupings ------------------------------------------------------------------------ */

void fdml_html_left_out(html_page *page, const fdml_detail_grouping *by)
{
    const fdml_audit_settings *settings = page->report->result->settings;
    if (!by->n_left_out) return;
    fputs("<p class=\"note\">By ", page->file);
    fdml_html_name(page, fdml_html_by(page, by));
    fprintf(page->file, ", charts show %zu of %zu groups", by->n, by->n + by->n_left_out);
    if (by->n_left_out > by->n_small_left_out && settings->n_metrics) {
        fprintf(page->file, ": the %d lowest by ", FDML_DETAIL_GROUPS / 2);
        fdml_html_text(page, settings->metrics[0].key);
        fputs(" and the largest of the others", page->file);
    }
    if (by->n_small_left_out)
        fprintf(page->file, "; %zu of those left out have fewer than %zu rows",
                by->n_small_left_out, settings->min_group);
    fputs(". Tables show all.</p>\n", page->file);
}

const fdml_group_result *fdml_html_group(const html_page *page, const fdml_detail_group *group)
{
    return &page->report->result->groups[group->listed];
}

const char *fdml_html_by(const html_page *page, const fdml_detail_grouping *by)
{
    return page->report->result->groupings.grouping[by->grouping].by;
}

bool fdml_html_is_attribute(const html_page *page, const fdml_detail_grouping *by)
{
    return !page->report->result->groupings.grouping[by->grouping].is_intersection;
}

bool fdml_html_is_of_detail(const html_page *page, size_t grouping)
{
    for (size_t b = 0; b < page->detail->n_by; b++)
        if (page->detail->by[b].grouping == grouping) return true;
    return false;
}
