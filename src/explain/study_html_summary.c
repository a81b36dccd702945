/* study_html_summary.c - the study in plain sentences: for whom explanations are less faithful,
 * whether chance could have made it, what interventions changed, and what to do next.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "explain/study_html.h"

static size_t count_small(const fdml_study *study)
{
    size_t n = 0;
    for (size_t a = 0; a < study->n_attributes; a++)
        for (size_t g = 0; g < study->attribute[a].n_groups; g++)
            n += study->box[0].quality[a].n_rows[g] < study->options->min_group;
    return n;
}

/* The answer is where the first sentence ends; what qualifies it stands below. */
static void put_answer(html_page *page, const char *words)
{
    const char *end = strstr(words, ". ");
    fputs("<p class=\"answer\">", page->file);
    if (end) {
        char answer[512];
        snprintf(answer, sizeof answer, "%.*s", (int)(end - words) + 1, words);
        fdml_html_text(page, answer);
    } else {
        fdml_html_text(page, words);
    }
    fputs(" <a href=\"#gaps\">All gaps</a></p>\n", page->file);
    if (!end) return;
    fputs("<p>", page->file);
    fdml_html_text(page, end + 2);
    fputs("</p>\n", page->file);
}

static void put_measured(html_page *page)
{
    const fdml_study *study = study_of(page);
    const fdml_study_options *o = study->options;
    fprintf(page->file,
            "<li>%zu method%s on %zu black box%s and %zu test rows, %zu seed%s; target ",
            o->n_methods, o->n_methods == 1 ? "" : "s", o->n_sources,
            o->n_sources == 1 ? "" : "es", study->n_test, o->n_seeds,
            o->n_seeds == 1 ? "" : "s");
    fdml_html_name(page, study->table->target_name);
    fputs(".</li>\n", page->file);
}

static void put_information(html_page *page)
{
    const fdml_study *study = study_of(page);
    const fdml_information *most = NULL;
    size_t reader = 0;
    for (size_t i = 0; i < study->n_information; i++)
        for (size_t k = 0; k < 2; k++) {
            const double auroc = study->information[i].auroc[k].value;
            if (isnan(auroc) || (most && auroc <= most->auroc[reader].value)) continue;
            most = &study->information[i];
            reader = k;
        }
    if (!most) return;
    char shown[FDML_SHOWN_MAX];
    const fdml_factor *f = &study->table->protected_[most->attribute];
    fdml_show_estimate(shown, &most->auroc[reader]);
    fputs("<li>The features tell ", page->file);
    fdml_html_name(page, f->name);
    fputs(" = ", page->file);
    fdml_html_name(page, f->level[most->group]);
    fprintf(page->file, " best of all groups: AUROC %s; 0.5 is chance.</li>\n", shown);
}

static void put_warned(html_page *page)
{
    static const char *const place[STUDY_WARNED][2] = {
        [STUDY_WARNED_TABLE] = { "data", "data and split" },
        [STUDY_WARNED_BOXES] = { "boxes", "black boxes" },
        [STUDY_WARNED_INTERVALS] = { "groups", "fidelity by group" },
    };
    for (size_t of = 0; of < STUDY_WARNED; of++) {
        size_t n;
        fdml_study_html_warnings(&n, study_of(page), (study_warned)of);
        if (n)
            fprintf(page->file, "<li>Read the %zu warning%s of <a href=\"#%s\">%s</a>.</li>\n",
                    n, n == 1 ? "" : "s", place[of][0], place[of][1]);
    }
}

static void put_advice(html_page *page)
{
    const fdml_study *study = study_of(page);
    size_t n_shown;
    const size_t n_tested = fdml_study_count_gaps(&n_shown, study);
    const size_t n_small = count_small(study);
    fputs("<h3>What to do next</h3>\n<ul class=\"lead\">\n", page->file);
    if (n_shown)
        fputs("<li>Do not show these explanations to people of the groups named here as if "
              "they were as faithful as to others. Try sampling around the row, more features, "
              "or another method, and look whether the gap closes.</li>\n",
              page->file);
    if (n_tested && !n_shown)
        fputs("<li>Do not read this as proof of equality: the interval of a gap says how large "
              "a gap would agree with these data. More test rows of the smaller groups narrow "
              "it.</li>\n",
              page->file);
    if (n_small)
        fprintf(page->file,
                "<li>Collect test rows for %zu group%s with fewer than %zu: nothing is known "
                "about %s.</li>\n",
                n_small, n_small == 1 ? "" : "s", study->options->min_group,
                n_small == 1 ? "it" : "them");
    if (study->options->n_seeds == 1)
        fputs(
            "<li>Ask for several seeds: how much of a gap is due to the training of one black "
            "box is not known.</li>\n",
            page->file);
    put_warned(page);
    fputs("<li>Keep the JSON report with this page: it has every digit and the same "
          "hash.</li>\n</ul>\n",
          page->file);
}

bool fdml_study_html_put_summary(html_page *page)
{
    const char *const *sentence;
    size_t n;
    fdml_html_put_verdicts(page);
    if (!fdml_study_verdict(&sentence, &n, study_report_of(page), page->arena)) return false;
    put_answer(page, sentence[0]);
    fputs("<div class=\"sides\">\n<div>\n<ul class=\"lead\">\n", page->file);
    put_measured(page);
    for (size_t i = 1; i < n; i++) {
        fputs("<li>", page->file);
        fdml_html_text(page, sentence[i]);
        fputs("</li>\n", page->file);
    }
    put_information(page);
    fputs("</ul>\n</div>\n<div>\n", page->file);
    put_advice(page);
    fputs("</div>\n</div>\n", page->file);
    return true;
}
