/* study_html_data.c - what is explained: the table and its parts, black boxes, and what their
 * features tell of the groups.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>

#include "explain/study_html.h"

/* --- warnings ------------------------------------------------------------------------- */

const char *const *fdml_study_html_warnings(size_t *n, const fdml_study *study, study_warned of)
{
    const size_t end[] = { study->n_table_warnings,
                           study->n_table_warnings + study->n_box_warnings, study->n_warnings };
    const size_t begin = of == STUDY_WARNED_TABLE ? 0 : end[of - 1];
    *n = end[of] - begin;
    return study->warning + begin;
}

/* --- data and split ------------------------------------------------------------------- */

static void put_facts(html_page *page)
{
    static const char *const part[FDML_PART_NONE] = { "rows: the black box learns",
                                                      "rows: explanations learn",
                                                      "rows: settings are chosen",
                                                      "rows: fidelity is measured (test)" };
    const fdml_study *study = study_of(page);
    const fdml_tabular *t = study->table;
    size_t n_positive = 0, n_categorical = 0;
    for (size_t i = 0; i < study->n_test; i++) n_positive += t->target[study->test[i]];
    for (size_t f = 0; f < t->n_features; f++)
        n_categorical += t->feature[f].kind == FDML_CATEGORICAL;
    fputs("<table>\n<caption>Rows, features, target</caption>\n<tbody>\n", page->file);
    fdml_html_fact(page, "rows of the table", "%zu", t->n_rows);
    for (size_t p = 0; p < FDML_PART_NONE; p++)
        fdml_html_fact(page, part[p], "%zu", study->n_rows[p]);
    fdml_html_fact(page, "features", "%zu", t->n_features);
    fdml_html_fact(page, "of these categorical", "%zu", n_categorical);
    fdml_html_fact(page, "test rows with the target's positive value", "%.1f%%",
                   100 * (double)n_positive / (double)study->n_test);
    fputs("</tbody>\n</table>\n", page->file);
}

static size_t count_positive(const fdml_study *study, const fdml_study_attribute *a, size_t g)
{
    size_t n = 0;
    for (size_t i = 0; i < study->n_test; i++)
        n += a->code[i] == g && study->table->target[study->test[i]];
    return n;
}

static bool put_counts(html_page *page, size_t attribute)
{
    static const char *const header[] = { NULL, "test rows", "share", "positive" };
    enum { N = sizeof header / sizeof *header };
    const fdml_study *study = study_of(page);
    const fdml_study_attribute *a = &study->attribute[attribute];
    const size_t *n_rows = study->box[0].quality[attribute].n_rows;
    fdml_grid grid;
    char caption[256];
    if (!fdml_grid_init(&grid, NULL, N, 1, a->n_groups, page->arena)) return false;
    for (size_t c = 0; c < N; c++) grid.header[c] = c ? header[c] : a->name;
    for (size_t g = 0; g < a->n_groups; g++) {
        const double n = (double)n_rows[g];
        fdml_grid_row(&grid);
        fdml_grid_set(&grid, 0, FDML_CELL_NAME, "%s", a->group[g]);
        fdml_grid_set(&grid, 1, FDML_CELL_VALUE, "%zu", n_rows[g]);
        fdml_grid_set(&grid, 2, FDML_CELL_VALUE, "%.1f%%", 100 * n / (double)study->n_test);
        fdml_grid_set(&grid, 3, FDML_CELL_VALUE, "%.1f%%",
                      100 * (double)count_positive(study, a, g) / n);
    }
    snprintf(caption, sizeof caption, "Test rows by %.150s", a->name);
    fdml_html_table(page, &grid, caption, N);
    return !grid.failed;
}

static bool put_features(html_page *page)
{
    static const char *const header[] = { "feature", "kind", "values" };
    enum { N = sizeof header / sizeof *header };
    const fdml_tabular *t = study_of(page)->table;
    fdml_grid grid;
    if (!fdml_grid_init(&grid, NULL, N, 1, t->n_features, page->arena)) return false;
    for (size_t c = 0; c < N; c++) grid.header[c] = header[c];
    for (size_t f = 0; f < t->n_features; f++) {
        const fdml_feature *feature = &t->feature[f];
        const bool is_number = feature->kind == FDML_NUMERIC;
        fdml_grid_row(&grid);
        fdml_grid_set(&grid, 0, FDML_CELL_NAME, "%s", feature->name);
        fdml_grid_set(&grid, 1, FDML_CELL_TEXT, "%s", is_number ? "number" : "category");
        if (is_number)
            fdml_grid_set(&grid, 2, FDML_CELL_VALUE, "-");
        else
            fdml_grid_set(&grid, 2, FDML_CELL_VALUE, "%u", (unsigned)feature->n_levels);
    }
    fdml_html_begin_details(page, "Features");
    fdml_html_table(page, &grid, "Features that the black box sees; protected columns are none",
                    N);
    fdml_html_end_details(page);
    return !grid.failed;
}

bool fdml_study_html_put_data(html_page *page)
{
    const fdml_study *study = study_of(page);
    const char *split = study_report_of(page)->split;
    size_t n_warnings;
    const char *const *warning =
        fdml_study_html_warnings(&n_warnings, study, STUDY_WARNED_TABLE);
    fdml_html_put_warnings(page, warning, n_warnings);
    fputs("<p>The target is ", page->file);
    fdml_html_name(page, study->table->target_name);
    fputs(", its positive value ", page->file);
    fdml_html_name(page, study->table->positive);
    fputs(". ", page->file);
    if (split) {
        fputs("The split is ", page->file);
        fdml_html_name(page, split);
        fputs(". ", page->file);
    }
    fprintf(page->file, "Groups with fewer than %zu test rows have no numbers.</p>\n",
            study->options->min_group);
    fputs("<div class=\"tables\">\n", page->file);
    put_facts(page);
    for (size_t a = 0; a < study->n_attributes; a++)
        if (!put_counts(page, a)) return false;
    fputs("</div>\n", page->file);
    return put_features(page);
}

/* --- black boxes ---------------------------------------------------------------------- */

static bool put_box(html_page *page, size_t b)
{
    const fdml_study *study = study_of(page);
    const char *words = fdml_study_box_words(study, b, page->arena);
    if (!words) return false;
    fputs("<dt>", page->file);
    fdml_html_name(page, study->box[b].source->name);
    fputs("</dt><dd>", page->file);
    fdml_html_text(page, words);
    fputs(".</dd>\n", page->file);
    return true;
}

bool fdml_study_html_put_boxes(html_page *page)
{
    const fdml_study *study = study_of(page);
    study_series series[FDML_STUDY_MOST_BOXES];
    const size_t n = study->options->n_sources;
    bool fits = true;
    size_t n_warnings;
    const char *const *warning =
        fdml_study_html_warnings(&n_warnings, study, STUDY_WARNED_BOXES);
    fdml_html_put_warnings(page, warning, n_warnings);
    fputs("<dl>\n", page->file);
    for (size_t b = 0; fits && b < n; b++) {
        series[b] = (study_series){ study->box[b].source->name, study->box[b].quality };
        fits = put_box(page, b);
    }
    fputs("</dl>\n<p>How good they are themselves, measured with the target: an explanation "
          "that is faithful to a black box is no better than the black box.</p>\n",
          page->file);
    for (size_t a = 0; fits && a < study->n_attributes; a++) {
        fdml_html_heading(page, study->attribute[a].name);
        fdml_study_html_charts(page, a, series, n);
    }
    fdml_html_begin_details(page, "All values as tables");
    for (size_t b = 0; fits && b < n; b++)
        fits = fdml_study_html_table(page, FDML_STUDY_QUALITY, b) &&
               fdml_study_html_table(page, FDML_STUDY_QUALITY_GAPS, b);
    fdml_html_end_details(page);
    return fits;
}

/* --- information ---------------------------------------------------------------------- */

enum { READERS = 2, MOST_INFORMATION = 64 };
static const char *const reader[READERS] = { "logistic regression", "network" };

static void put_information_chart(html_page *page)
{
    const fdml_study *study = study_of(page);
    html_row row[2 * MOST_INFORMATION * READERS];
    char about[HTML_TEXT] = "", name[MOST_INFORMATION * READERS][96];
    fdml_legend_item legend[READERS];
    size_t n = 0, n_names = 0;
    for (size_t k = 0; k < READERS; k++) legend[k] = (fdml_legend_item){ k, reader[k] };
    for (size_t i = 0; i < study->n_information && i < MOST_INFORMATION; i++) {
        const fdml_information *info = &study->information[i];
        const fdml_factor *f = &study->table->protected_[info->attribute];
        if (!i || study->information[i - 1].attribute != info->attribute)
            row[n++] = (html_row){ .label = f->name, .is_heading = true };
        for (size_t k = 0; k < READERS; k++) {
            snprintf(name[n_names], sizeof *name, "%.70s, %s", f->level[info->group],
                     reader[k]);
            row[n++] = (html_row){ .label = k ? "" : f->level[info->group],
                                   .estimate = info->auroc[k],
                                   .base = NAN,
                                   .series = k,
                                   .name = name[n_names++] };
        }
    }
    fdml_html_describe(about, row, n);
    const html_rows rows = { .row = row,
                             .n = n,
                             .line = 0.5,
                             .axis = "AUROC; 0.5: features do not tell",
                             .legend = legend,
                             .n_legend = READERS };
    fdml_html_begin_charts(page);
    fdml_html_chart_rows(page, "Telling a group from all others", about, &rows);
    fdml_html_end_charts(page);
}

bool fdml_study_html_put_information(html_page *page)
{
    fputs("<p>Protected columns are no features. Where the features tell a group all the same, "
          "a black box and its explanation may treat the group apart without seeing it.</p>\n",
          page->file);
    put_information_chart(page);
    return fdml_study_html_table(page, FDML_STUDY_INFORMATION, 0);
}
