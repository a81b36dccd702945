/* study_verdict.c - the answer of a study in sentences. See study_tables.h.
 *
 * Every sentence follows from the numbers; none is written where its number was not tested.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/report_tables.h"
#include "explain/study_other.h"
#include "explain/study_tables.h"

enum {
    TEXT = 8192,
    MOST_SENTENCES = 2 + FDML_STUDY_MOST_BOXES * (2 * FDML_STUDY_MOST_METHODS + 2)
};

int fdml_study_is_shown(double p_holm, const fdml_study *study)
{
    if (isnan(p_holm)) return -1;
    return p_holm <= 1 - study->options->confidence;
}

const char *fdml_study_baseline(const fdml_study *study, size_t method, fdml_arena *arena)
{
    const fdml_study_options *o = study->options;
    char text[2 * FDML_NAME_SHOWN], box[FDML_NAME_SHOWN];
    const bool is_method = !o->other && o->baseline != SIZE_MAX;
    snprintf(text, sizeof text, "%.*s", FDML_NAME_SHOWN,
             o->method[is_method ? o->baseline : method].text);
    if (o->other) {
        fdml_name_show(box, o->other->path);
        fdml_text_append(text, sizeof text, " of %s", box);
    } else if (!is_method && o->baseline_source != SIZE_MAX) {
        fdml_name_show(box, o->source[o->baseline_source].name);
        fdml_text_append(text, sizeof text, " on %s", box);
    }
    return fdml_arena_copy_text(arena, text, strlen(text));
}

typedef struct answer {
    const fdml_study *study;
    const char **sentence;
    size_t n;
    fdml_arena *arena;
    bool failed;
} answer;

static void say(answer *a, const char *text)
{
    const char *copy = fdml_arena_copy_text(a->arena, text, strlen(text));
    a->failed = a->failed || !copy;
    a->sentence[a->n++] = copy;
}

size_t fdml_study_count_gaps(size_t *n_shown, const fdml_study *study)
{
    const fdml_study_options *o = study->options;
    size_t n = 0;
    *n_shown = 0;
    for (size_t i = 0; i < o->n_sources * o->n_methods * study->n_attributes; i++) {
        const fdml_study_box *box = &study->box[i / study->n_attributes / o->n_methods];
        const fdml_fidelity *f =
            &box->explained[i / study->n_attributes % o->n_methods].by[i % study->n_attributes];
        for (size_t k = 0; k < FDML_FIDELITIES * FDML_FIDELITY_GAPS; k++) {
            const double p = f->gap[k / FDML_FIDELITY_GAPS][k % FDML_FIDELITY_GAPS].p_holm;
            n += fdml_study_is_shown(p, study) >= 0;
            *n_shown += fdml_study_is_shown(p, study) == 1;
        }
    }
    return n;
}

static void say_count(answer *a)
{
    const fdml_study_options *o = a->study->options;
    const double alpha = 1 - o->confidence;
    char text[TEXT], level[FDML_SHOWN_MAX];
    size_t n_shown;
    const size_t n = fdml_study_count_gaps(&n_shown, a->study);
    fdml_show_level(level, o->confidence);
    if (!n) {
        say(a, "No gap was tested.");
        return;
    }
    snprintf(text, sizeof text,
             "%zu of %zu tested gaps of explanations can be told from chance at %s (Holm).",
             n_shown, n, level);
    if ((double)n > alpha * (double)(o->n_permutations + 1))
        fdml_text_append(text, sizeof text,
                         " With so many tests %.0f permutations are needed before any gap can "
                         "pass; give --permutations %.0f, or fewer methods or groups.",
                         ceil((double)n / alpha) - 1, ceil((double)n / alpha) - 1);
    if (n_shown < n)
        fdml_text_append(
            text, sizeof text,
            " A gap that cannot be told from chance is not shown to be absent: its "
            "interval says how large it may be.");
    say(a, text);
}

/* Where a gap of this measure and attribute was shown: "accuracy for Female (sex) is 0.8120,
 * 0.0690 less than for all". Who has the largest residual is not worse off for it, so there the
 * mean gap speaks. */
static bool append_gap(char *text, size_t size, const answer *a, const fdml_fidelity *f,
                       const fdml_study_attribute *by, size_t measure)
{
    const fdml_fidelity_gap *most = &f->gap[measure][FDML_GAP_MAX];
    const fdml_fidelity_gap *mean = &f->gap[measure][FDML_GAP_MEAN];
    const char *what = fdml_study_measure_name[measure];
    char name[FDML_NAME_SHOWN], group[FDML_NAME_SHOWN];
    char value[FDML_SHOWN_MAX], gap[FDML_SHOWN_MAX];
    const bool is_most = fdml_study_is_shown(most->p_holm, a->study) == 1;
    const bool is_mean = fdml_study_is_shown(mean->p_holm, a->study) == 1;
    fdml_name_show(name, by->name);
    if (is_most && (measure != FDML_FIDELITY_RESIDUAL || !is_mean)) {
        fdml_name_show(group, by->group[most->worst]);
        fdml_show_value(value, f->of_group[most->worst * FDML_FIDELITIES + measure].e.value);
        fdml_show_estimate(gap, &most->e);
        fdml_text_append(text, size, " %s for %s (%s) is %s, %s %s than for all;", what, group,
                         name, value, gap, measure == FDML_FIDELITY_RESIDUAL ? "more" : "less");
    } else if (is_mean) {
        fdml_show_estimate(gap, &mean->e);
        fdml_text_append(text, size, " groups of %s are %s apart in %s on average;", name, gap,
                         what);
    }
    return is_most || is_mean;
}

static void end_list(char *text)
{
    const size_t n = strlen(text);
    if (n && (text[n - 1] == ';' || text[n - 1] == ',')) text[n - 1] = '.';
}

static void say_gaps(answer *a, const fdml_study_box *box)
{
    const fdml_study *study = a->study;
    char none[TEXT] = "", name[FDML_NAME_SHOWN];
    fdml_name_show(name, box->source->name);
    for (size_t m = 0; m < study->options->n_methods; m++) {
        const fdml_study_explained *x = &box->explained[m];
        char text[TEXT];
        bool is_told = false, is_tested = false;
        if (fdml_method_is_exact(x->method, study->table->n_features)) continue;
        snprintf(text, sizeof text, "%s, %s:", name, x->method->text);
        for (size_t i = 0; i < study->n_attributes * FDML_FIDELITIES; i++) {
            const fdml_fidelity *f = &x->by[i / FDML_FIDELITIES];
            const size_t k = i % FDML_FIDELITIES;
            is_tested = is_tested || !isnan(f->gap[k][FDML_GAP_MAX].p_holm) ||
                        !isnan(f->gap[k][FDML_GAP_MEAN].p_holm);
            is_told = append_gap(text, sizeof text, a, f,
                                 &study->attribute[i / FDML_FIDELITIES], k) ||
                      is_told;
        }
        end_list(text);
        if (is_told)
            say(a, text);
        else if (is_tested)
            fdml_text_append(none, sizeof none, " %s,", x->method->text);
    }
    if (!*none) return;
    char text[TEXT + FDML_NAME_SHOWN + 64];
    none[strlen(none) - 1] = 0;
    snprintf(text, sizeof text, "%s: no gap of%s can be told from chance.", name, none);
    say(a, text);
}

/* The black box's own. */
static void say_quality(answer *a, const fdml_study_box *box)
{
    const fdml_study *study = a->study;
    char text[TEXT], name[FDML_NAME_SHOWN];
    bool is_told = false;
    fdml_name_show(name, box->source->name);
    snprintf(text, sizeof text, "%s itself, for the target:", name);
    for (size_t i = 0; i < study->n_attributes * FDML_FIDELITIES; i++)
        is_told = append_gap(text, sizeof text, a, &box->quality[i / FDML_FIDELITIES],
                             &study->attribute[i / FDML_FIDELITIES], i % FDML_FIDELITIES) ||
                  is_told;
    end_list(text);
    if (is_told) say(a, text);
}

/* ", mean gap ACC -0.1145", where it can be told from chance. */
static void append_change(char *text, size_t size, const answer *a,
                          const fdml_fidelity_difference *d, const char *what)
{
    char value[FDML_SHOWN_MAX];
    if (fdml_study_is_shown(d->p_holm, a->study) != 1) return;
    fdml_show_value(value, d->e.value);
    fdml_text_append(text, size, " %s %s%s,", what, d->e.value > 0 ? "+" : "", value);
}

/* The numbers of the tables of methods. */
static void append_changes(char *text, size_t size, const answer *a,
                           const fdml_study_explained *x)
{
    static const struct {
        size_t measure, gap;
        const char *name;
    } gap[] = { { FDML_FIDELITY_ACCURACY, FDML_GAP_MAX, "max gap ACC" },
                { FDML_FIDELITY_AUROC, FDML_GAP_MEAN, "mean gap AUROC" },
                { FDML_FIDELITY_ACCURACY, FDML_GAP_MEAN, "mean gap ACC" },
                { FDML_FIDELITY_RESIDUAL, FDML_GAP_MEAN, "mean gap of the residual" } };
    const fdml_study *study = a->study;
    char name[FDML_NAME_SHOWN], part[TEXT];
    for (size_t k = 0; k < FDML_FIDELITIES; k++)
        append_change(text, size, a, &x->change[0].overall[k], fdml_study_measure_name[k]);
    for (size_t i = 0; i < study->n_attributes; i++) {
        *part = 0;
        for (size_t k = 0; k < sizeof gap / sizeof *gap; k++)
            append_change(part, sizeof part, a, &x->change[i].gap[gap[k].measure][gap[k].gap],
                          gap[k].name);
        fdml_name_show(name, study->attribute[i].name);
        if (*part) fdml_text_append(text, size, " by %s%s", name, part);
    }
}

/* What changed beyond chance. */
static void say_changes(answer *a, const fdml_study_box *box, size_t m)
{
    const fdml_study_explained *x = &box->explained[m];
    char text[TEXT], name[FDML_NAME_SHOWN];
    if (!x->change || fdml_method_is_exact(x->method, a->study->table->n_features)) return;
    const char *baseline = fdml_study_baseline(a->study, m, a->arena);
    fdml_name_show(name, box->source->name);
    snprintf(text, sizeof text, "%s, %s less %s:", name, x->method->text,
             baseline ? baseline : "");
    const size_t n = strlen(text);
    append_changes(text, sizeof text, a, x);
    if (strlen(text) == n)
        fdml_text_append(text, sizeof text, " no change of these can be told from chance.");
    end_list(text);
    say(a, text);
}

static void say_exact(answer *a)
{
    const fdml_study_options *o = a->study->options;
    char text[TEXT] = "";
    for (size_t m = 0; m < o->n_methods; m++)
        if (fdml_method_is_exact(&o->method[m], a->study->table->n_features))
            fdml_text_append(text, sizeof text, "%s%s", *text ? ", " : "", o->method[m].text);
    if (!*text) return;
    fdml_text_append(
        text, sizeof text,
        ": with all features the contributions add up to the black box's answer, so "
        "its gaps are 0 by construction and say nothing of the explanation.");
    say(a, text);
}

bool fdml_study_verdict(const char *const **sentence, size_t *n,
                        const fdml_study_report *report, fdml_arena *arena)
{
    const fdml_study *study = report->study;
    answer a = { .study = study, .arena = arena };
    a.sentence = fdml_arena_push(arena, MOST_SENTENCES, sizeof *a.sentence);
    if (!a.sentence) return false;
    say_count(&a);
    for (size_t b = 0; b < study->options->n_sources; b++) say_gaps(&a, &study->box[b]);
    say_exact(&a);
    for (size_t b = 0; b < study->options->n_sources; b++) say_quality(&a, &study->box[b]);
    for (size_t b = 0; b < study->options->n_sources; b++)
        for (size_t m = 0; m < study->options->n_methods; m++)
            say_changes(&a, &study->box[b], m);
    *sentence = a.sentence;
    *n = a.n;
    return !a.failed;
}
