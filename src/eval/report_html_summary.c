/* report_html_summary.c - the report in plain sentences: what was measured, how groups differ,
 * whether chance could have made it, and what to do next.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "eval/comparison.h"
#include "eval/report_html.h"

enum { MOST_VALUES = 3, MOST_SENTENCES = 4 };

static const char *const distance_name[] = { "cosine", "Euclidean", "inner product" };

static void put_measured(html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    const fdml_problem *problem = page->report->problem;
    fprintf(page->file, "<li>%zu embeddings of %zu numbers, %zu classes (", result->n_rows,
            problem->dim, result->n_classes);
    fdml_html_name(page, problem->label->name);
    fprintf(page->file, "), %s distance; each of %zu queries looks for its class among %zu",
            distance_name[problem->distance], result->n_queries, result->n_gallery);
    fputs(problem->is_query || problem->is_gallery ? " gallery rows.</li>\n"
                                                   : " rows, itself left out.</li>\n",
          page->file);
}

static void put_overall(html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    const fdml_audit_settings *settings = result->settings;
    size_t n = 0;
    for (size_t m = 0; m < settings->n_metrics && n < MOST_VALUES; m++) {
        char shown[FDML_SHOWN_MAX];
        if (fdml_report_is_repeated(settings, m) || isnan(result->overall[m].value)) continue;
        fdml_show_estimate(shown, &result->overall[m]);
        fprintf(page->file, "%s%s %s", n ? ", " : "<li>Overall: ", settings->metrics[m].key,
                shown);
        n++;
    }
    if (n)
        fprintf(page->file, "%s</li>\n",
                settings->n_bootstrap ? " (value and interval)." : ".");
}

static const fdml_estimate *value_of(const html_page *page, const fdml_gap_result *gap,
                                     const char *value)
{
    const fdml_audit_result *result = page->report->result;
    for (size_t g = 0; value && g < result->n_groups; g++)
        if (result->groups[g].grouping == gap->grouping &&
            !strcmp(result->groups[g].value, value))
            return &result->groups[g].metrics[gap->metric];
    return NULL;
}

/* "0.9771 for F" */
static void put_side(html_page *page, const fdml_gap_result *gap, const char *value)
{
    char shown[FDML_SHOWN_MAX] = "-";
    const fdml_estimate *e = value_of(page, gap, value);
    if (e) fdml_show_value(shown, e->value);
    fprintf(page->file, "%s for ", shown);
    fdml_html_name(page, value ? value : "-");
}

static void put_chance(html_page *page, const fdml_gap_result *gap)
{
    static const char *const answer[] = { "<strong>cannot</strong>", "<strong>can</strong>" };
    const int verdict = fdml_gap_verdict(gap, page->report->result->settings);
    char p[FDML_SHOWN_MAX];
    fdml_show_value(p, gap->p_holm);
    if (verdict < 0)
        fputs(" was not tested.", page->file);
    else
        fprintf(page->file, " %s be told from chance (p %s).", answer[verdict], p);
}

/* Of a grouping's gaps the surest one that can be told from chance, else that of the first
 * metric which has one. NULL: none has. */
static const fdml_gap_result *choose_gap(const html_page *page, size_t grouping)
{
    const fdml_audit_result *result = page->report->result;
    const fdml_gap_result *best = NULL;
    for (size_t i = 0; i < result->n_gaps; i++) {
        const fdml_gap_result *gap = &result->gaps[i];
        if (gap->grouping != grouping || isnan(gap->difference.value)) continue;
        if (!best) best = gap;
        if (fdml_gap_verdict(gap, result->settings) == 1 &&
            (fdml_gap_verdict(best, result->settings) != 1 || gap->p_holm < best->p_holm))
            best = gap;
    }
    return best;
}

static void put_grouping(html_page *page, size_t grouping)
{
    const fdml_audit_result *result = page->report->result;
    const fdml_gap_result *gap = choose_gap(page, grouping);
    char shown[FDML_SHOWN_MAX];
    fputs("<li>By ", page->file);
    fdml_html_name(page, result->groupings.grouping[grouping].by);
    if (!gap) {
        fputs(": fewer than two groups have enough rows for a number.</li>\n", page->file);
        return;
    }
    fprintf(page->file, ": %s is ", result->settings->metrics[gap->metric].key);
    put_side(page, gap, gap->worst);
    fputs(", ", page->file);
    put_side(page, gap, gap->best);
    fdml_show_estimate(shown, &gap->difference);
    fprintf(page->file, ". The gap of %s", shown);
    put_chance(page, gap);
    fputs("</li>\n", page->file);
}

static void put_leakage(html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    for (size_t i = 0; i < result->n_leakage; i++) {
        const fdml_leakage_result *l = &result->leakage[i];
        char shown[FDML_SHOWN_MAX], chance[FDML_SHOWN_MAX];
        if (isnan(l->logistic.value)) continue;
        fdml_show_estimate(shown, &l->logistic);
        fdml_show_value(chance, l->chance);
        fputs("<li>A linear reader tells ", page->file);
        fdml_html_name(page, l->by);
        fprintf(page->file,
                " of classes it has not seen with balanced accuracy %s; chance is "
                "%s.</li>\n",
                shown, chance);
    }
}

static bool put_learned(html_page *page, size_t index)
{
    const fdml_downstream_result *d = &page->report->result->downstream[index];
    const char *words;
    if (!fdml_report_learned(&words, page->report, index, page->arena)) return false;
    fputs("<li>Classifiers of ", page->file);
    fdml_html_name(page, d->target);
    fputs(" by ", page->file);
    fdml_html_name(page, d->by);
    fputs(": ", page->file);
    fdml_html_text(page, words);
    fputs("</li>\n", page->file);
    return true;
}

/* Attributes speak for themselves; intersections are left to their section. */
static bool put_downstream(html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    size_t n = 0;
    for (size_t i = 0; i < result->n_downstream; i++) {
        const fdml_downstream_result *d = &result->downstream[i];
        if (!d->grouping || result->groupings.grouping[d->grouping].is_intersection) continue;
        if (++n <= MOST_SENTENCES && !put_learned(page, i)) return false;
    }
    if (n > MOST_SENTENCES)
        fprintf(page->file,
                "<li>%zu more targets and attributes: see "
                "<a href=\"#downstream\">downstream classifiers</a>.</li>\n",
                n - MOST_SENTENCES);
    return true;
}

static bool put_comparison(html_page *page)
{
    const fdml_comparison *comparison = page->report->result->comparison;
    const char *words;
    if (!comparison) return true;
    if (!fdml_report_change(&words, page->report, page->arena)) return false;
    fputs("<li>Against ", page->file);
    fdml_html_name(page, fdml_file_name(comparison->path));
    fputs(": ", page->file);
    fdml_html_text(page, words);
    fputs("</li>\n", page->file);
    return true;
}

/* --- what to do next ------------------------------------------------------------------ */

typedef struct standing {
    size_t n_tested, n_shown, n_small;
    double largest; /* upper end of the first metric's largest interval of a gap */
} standing;

static standing stand(const html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    standing s = { .largest = NAN };
    for (size_t i = 0; i < result->n_gaps; i++) {
        const fdml_gap_result *gap = &result->gaps[i];
        s.n_tested += fdml_gap_verdict(gap, result->settings) >= 0;
        s.n_shown += fdml_gap_verdict(gap, result->settings) == 1;
        if (gap->metric == 0) s.largest = fmax(s.largest, gap->difference.hi);
    }
    for (size_t g = 0; g < result->n_groups; g++)
        s.n_small += result->groups[g].n_rows < result->settings->min_group;
    return s;
}

static void put_advice(html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    const standing s = stand(page);
    const double wanted = fdml_permutations_wanted(result);
    fputs("<h3>What to do next</h3>\n<ul class=\"lead\">\n", page->file);
    if (!result->n_groups)
        fputs("<li>Name the columns of sensitive attributes with <code>--group</code>: without "
              "groups nothing is compared.</li>\n",
              page->file);
    if (wanted > 0)
        fprintf(
            page->file,
            "<li>Ask again with <code>--permutations %.0f</code>, or for fewer metrics: with "
            "%zu tests no gap can pass Holm's correction after %zu permutations.</li>\n",
            wanted, s.n_tested, result->settings->n_permutations);
    if (s.n_shown)
        fputs("<li>Look at the worst queries of the groups named here: wrong labels and poor "
              "pictures come first. Then more data of these groups, or training that balances "
              "them (<code>fdml-train</code>: <code>sampler = group_balanced</code>, "
              "<code>miner.same_attribute_negatives</code>), and this audit again on the same "
              "rows with <code>--compare</code>.</li>\n",
              page->file);
    if (s.n_tested && !s.n_shown && !isnan(s.largest))
        fprintf(page->file,
                "<li>Do not read this as proof of equality: a gap of %s of up to %.4f would "
                "agree with these data. More classes of the smaller groups narrow it.</li>\n",
                result->settings->metrics[0].key, s.largest);
    if (s.n_small)
        fprintf(page->file,
                "<li>Collect rows for %zu group%s with fewer than %zu: nothing is known about "
                "%s.</li>\n",
                s.n_small, s.n_small == 1 ? "" : "s", result->settings->min_group,
                s.n_small == 1 ? "it" : "them");
    if (result->n_lone)
        fprintf(page->file,
                "<li>%zu quer%s no possible match and count%s in no mean: see in the data card "
                "whether one group has more of them.</li>\n",
                result->n_lone, result->n_lone == 1 ? "y has" : "ies have",
                result->n_lone == 1 ? "s" : "");
    if (result->n_warnings)
        fprintf(page->file,
                "<li>Read the %zu warning%s of the <a href=\"#data\">data card</a>.</li>\n",
                result->n_warnings, result->n_warnings == 1 ? "" : "s");
    fputs("<li>Keep the JSON report with this page: it has every digit and the same "
          "hash.</li>\n</ul>\n",
          page->file);
}

static bool put_findings(html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    fputs("<ul class=\"lead\">\n", page->file);
    put_measured(page);
    put_overall(page);
    for (size_t g = 1; g < result->groupings.n && result->settings->n_metrics; g++)
        if (!result->groupings.grouping[g].is_intersection ||
            result->groupings.n - 1 <= FDML_DETAIL_GROUPINGS)
            put_grouping(page, g);
    put_leakage(page);
    const bool fits = put_downstream(page) && put_comparison(page);
    fputs("</ul>\n", page->file);
    return fits;
}

/* The answer before all others: how many gaps there are. */
static void put_answer(html_page *page)
{
    const fdml_audit_result *result = page->report->result;
    const standing s = stand(page);
    char level[FDML_SHOWN_MAX];
    fdml_show_level(level, result->settings->confidence);
    if (!result->n_gaps) return;
    if (s.n_tested)
        fprintf(
            page->file,
            "<p class=\"answer\">%zu of %zu tested <a href=\"#gaps\">gaps between groups</a> "
            "can be told from chance at %s (Holm).</p>\n",
            s.n_shown, s.n_tested, level);
    else
        fputs("<p class=\"answer\">No gap between groups was tested.</p>\n", page->file);
}

bool fdml_html_put_summary(html_page *page)
{
    fdml_html_put_verdicts(page);
    put_answer(page);
    fputs("<div class=\"sides\">\n<div>\n", page->file);
    if (!put_findings(page)) return false;
    fputs("</div>\n<div>\n", page->file);
    put_advice(page);
    fputs("</div>\n</div>\n", page->file);
    return true;
}
