/* report_html_rows.c - single rows: where they lie on a map, and the queries that failed worst,
 * with pictures where there are some.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/report_html.h"

/* --- the map -------------------------------------------------------------------------- */

/* Pixels: room around the points, below them for the axes' names, across a mark. */
enum { EDGE = 10, FOOT = 22, SIDE = HTML_CHART - 2 * EDGE };
static const double mark_size = 4.5;

typedef struct map_frame {
    double middle[2], scale;
} map_frame;

/* One scale for both directions: distances on the map are what they are. */
static map_frame frame_map(const fdml_detail_map *map)
{
    map_frame f = { { 0, 0 }, 1 };
    double span = 0;
    for (int k = 0; k < 2; k++) {
        double low = INFINITY, high = -INFINITY;
        for (size_t i = 0; i < map->n; i++) {
            low = fmin(low, map->at[2 * i + (size_t)k]);
            high = fmax(high, map->at[2 * i + (size_t)k]);
        }
        f.middle[k] = (low + high) / 2;
        span = fmax(span, high - low);
    }
    if (span > 0) f.scale = (SIDE - 2 * mark_size) / span;
    return f;
}

static size_t slot_of(const fdml_detail_grouping *by, uint32_t code)
{
    for (size_t g = 0; by && g < by->n; g++)
        if (by->group[g].code == code) return g;
    return FDML_SVG_ALL;
}

/* The points of one slot; returns how many. */
static size_t put_points(html_page *page, fdml_svg *svg, const fdml_detail_grouping *by,
                         size_t slot, double top)
{
    const fdml_detail_map *map = &page->detail->map;
    const map_frame f = frame_map(map);
    const uint32_t *code = page->report->result->groupings.grouping[by ? by->grouping : 0].code;
    size_t n = 0;
    fdml_svg_marks_begin(svg, slot);
    for (size_t i = 0; i < map->n; i++) {
        if (slot_of(by, code[map->row[i]]) != slot) continue;
        fdml_svg_marks_add(
            svg, slot, HTML_CHART / 2.0 + f.scale * (map->at[2 * i] - f.middle[0]),
            top + SIDE / 2.0 - f.scale * (map->at[2 * i + 1] - f.middle[1]), mark_size);
        n++;
    }
    fdml_svg_path_end(svg, slot < FDML_SVG_ALL ? by->group[slot].value : "others");
    return n;
}

/* The largest group first, so that it does not cover the others. */
static void put_by_size(html_page *page, fdml_svg *svg, const fdml_detail_grouping *by,
                        double top)
{
    bool is_done[FDML_DETAIL_GROUPS] = { false };
    for (size_t i = 0; by && i < by->n; i++) {
        size_t next = by->n;
        for (size_t g = 0; g < by->n; g++)
            if (!is_done[g] && (next == by->n || by->group[g].n_rows > by->group[next].n_rows))
                next = g;
        is_done[next] = true;
        put_points(page, svg, by, next, top);
    }
}

static void name_axes(html_page *page, fdml_svg *svg, double y)
{
    char text[160], first[32], second[32];
    const double *share = page->detail->map.explained;
    snprintf(first, sizeof first, isnan(share[0]) ? "-" : "%.1f%%", 100 * share[0]);
    snprintf(second, sizeof second, isnan(share[1]) ? "-" : "%.1f%%", 100 * share[1]);
    snprintf(text, sizeof text, "across: %s of the variance; upwards: %s", first, second);
    fdml_svg_text(svg, HTML_CHART / 2.0, y, FDML_SVG_MIDDLE, "mute", HTML_CHART, text);
}

static void put_map(html_page *page, const fdml_detail_grouping *by, const char *title)
{
    fdml_legend_item item[FDML_DETAIL_GROUPS + 1] = { { 0 } };
    char about[HTML_TEXT] = "Rows on the first two principal components";
    fdml_svg svg;
    size_t n = 0;
    for (size_t g = 0; by && g < by->n; g++)
        item[n++] = (fdml_legend_item){ g, by->group[g].value };
    if (by && by->n_left_out) item[n++] = (fdml_legend_item){ FDML_SVG_ALL, "others" };
    for (size_t g = 0; by && g < by->n; g++)
        fdml_text_append(about, sizeof about, "%s%.100s",
                         g ? ", " : "; groups: ", by->group[g].value);
    const double legend = fdml_svg_legend(NULL, 0, 0, HTML_CHART, false, item, n);
    const double top = legend + 4;
    fdml_html_begin_chart(page, &svg, title, about, top + SIDE + FOOT);
    fdml_svg_legend(&svg, 0, 2, HTML_CHART, false, item, n);
    fdml_svg_line(&svg, EDGE, top + SIDE, HTML_CHART - EDGE, top + SIDE, "grid");
    fdml_svg_line(&svg, EDGE, top, EDGE, top + SIDE, "grid");
    if (!by || by->n_left_out) put_points(page, &svg, by, FDML_SVG_ALL, top);
    put_by_size(page, &svg, by, top);
    name_axes(page, &svg, top + SIDE + 15);
    fdml_html_end_chart(page, &svg);
}

bool fdml_html_put_map(html_page *page)
{
    const fdml_detail_map *map = &page->detail->map;
    bool has_any = false;
    fprintf(page->file,
            "<p>%s%zu rows on the two directions in which they differ most (principal "
            "components). A map of two directions shows a part of the whole: groups that lie "
            "apart here do lie apart, groups that mingle here may still be told apart%s.</p>\n",
            map->n < page->report->result->n_rows ? "A random sample of " : "All ", map->n,
            page->report->result->n_leakage ? ", see leakage" : "");
    if (isnan(map->explained[0])) {
        fputs("<p>Insufficient data: all rows are the same.</p>\n", page->file);
        return true;
    }
    fdml_html_begin_charts(page);
    for (size_t b = 0; b < page->detail->n_by; b++) {
        char title[256];
        const fdml_detail_grouping *by = &page->detail->by[b];
        if (!fdml_html_is_attribute(page, by)) continue;
        snprintf(title, sizeof title, "By %.200s", fdml_html_by(page, by));
        put_map(page, by, title);
        has_any = true;
    }
    if (!has_any) put_map(page, NULL, "All rows");
    fdml_html_end_charts(page);
    return true;
}

/* --- the worst queries ---------------------------------------------------------------- */

static void put_base64(FILE *file, const unsigned char *bytes, size_t size)
{
    static const char digit[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < size; i += 3) {
        const size_t left = size - i;
        const uint32_t word = (uint32_t)bytes[i] << 16 |
                              (uint32_t)(left > 1 ? bytes[i + 1] : 0) << 8 |
                              (left > 2 ? bytes[i + 2] : 0);
        fputc(digit[word >> 18], file);
        fputc(digit[word >> 12 & 63], file);
        fputc(left > 1 ? digit[word >> 6 & 63] : '=', file);
        fputc(left > 2 ? digit[word & 63] : '=', file);
    }
}

static const fdml_thumbnail *find_thumbnail(const fdml_report *report, uint32_t row)
{
    for (size_t i = 0; i < report->n_thumbnails; i++)
        if (report->thumbnails[i].row == row) return &report->thumbnails[i];
    return NULL;
}

static void put_picture(html_page *page, const char *what, uint32_t row)
{
    const fdml_thumbnail *t = find_thumbnail(page->report, row);
    if (!t) return;
    fprintf(page->file, "<img alt=\"%s, row %u\" width=\"%zu\" height=\"%zu\" src=\"", what,
            (unsigned)row, t->width, t->height);
    fputs("data:image/png;base64,", page->file);
    put_base64(page->file, t->png, t->size);
    fputs("\">\n", page->file);
}

static const char *class_of(const html_page *page, uint32_t row)
{
    const fdml_factor *label = page->report->problem->label;
    return label->level[label->code[row]];
}

static void put_query(html_page *page, const fdml_detail_query *query)
{
    char distance[FDML_SHOWN_MAX];
    fdml_show_value(distance, query->distance);
    fputs("<li>", page->file);
    put_picture(page, "query", query->row);
    put_picture(page, "nearest row", query->nearest);
    fprintf(page->file, "<span>Row %u, ", (unsigned)query->row);
    fdml_html_name(page, class_of(page, query->row));
    fprintf(page->file, ": nearest is row %u, ", (unsigned)query->nearest);
    fdml_html_name(page, class_of(page, query->nearest));
    fprintf(page->file, ", at distance %s; its first match has rank %u</span></li>\n", distance,
            query->first_rank);
}

static void put_group(html_page *page, const fdml_detail_group *group)
{
    fputs("<h4>", page->file);
    fdml_html_name(page, group->value);
    fputs("</h4>\n<p class=\"note\">", page->file);
    if (group->is_small || !group->n_queries) {
        fputs("Insufficient data.</p>\n", page->file);
        return;
    }
    fprintf(page->file, "%zu of %zu queries have a row of another class nearest to them.</p>\n",
            group->n_missed, group->n_queries);
    if (!group->n_worst) return;
    fputs("<ul class=\"queries\">\n", page->file);
    for (size_t i = 0; i < group->n_worst; i++) put_query(page, &group->worst[i]);
    fputs("</ul>\n", page->file);
}

bool fdml_html_put_worst(html_page *page)
{
    fprintf(page->file,
            "<p>Of each group up to %d queries whose nearest match comes last, with the row of "
            "another class that came first. Look for wrong labels and poor pictures before "
            "anything else. Rows count from 0.",
            FDML_DETAIL_WORST);
    if (page->report->thumbnails_note) {
        fputc(' ', page->file);
        fdml_html_text(page, page->report->thumbnails_note);
    }
    fputs("</p>\n", page->file);
    for (size_t b = 0; b < page->detail->n_by; b++) {
        const fdml_detail_grouping *by = &page->detail->by[b];
        if (!fdml_html_is_attribute(page, by)) continue;
        fdml_html_heading(page, fdml_html_by(page, by));
        fdml_html_left_out(page, by);
        for (size_t g = 0; g < by->n; g++) put_group(page, &by->group[g]);
    }
    return true;
}
