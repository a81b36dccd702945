/* report_downstream.c - downstream classifiers as tables and in the JSON report.
 *
 * The tables set protocols side by side: how far a group is from the others when everything
 * trains, and when groups count alike.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/report_json.h"
#include "eval/report_tables.h"

/* --- tables ----------------------------------------------------------------------------- */

/* "Accuracy of predicting identity (423 values, 5 splits of 1699 training and 727 test rows;
 * balanced_under: 790 training rows)". */
static const char *make_title(const char *what, const fdml_downstream_result *d,
                              const fdml_audit_settings *settings, fdml_arena *arena)
{
    const unsigned n_splits = settings->downstream.n_splits;
    char target[FDML_NAME_SHOWN], text[3 * FDML_NAME_SHOWN];
    fdml_name_show(target, d->target);
    snprintf(text, sizeof text,
             "%s of predicting %s (%zu values, %u split%s of %zu training and %zu test rows",
             what, target, d->n_values, n_splits, n_splits == 1 ? "" : "s",
             d->n_train[FDML_AS_IS], d->n_test);
    for (int p = FDML_AS_IS + 1; p < FDML_PROTOCOLS; p++)
        if (d->n_train[p])
            fdml_text_append(text, sizeof text, "; %s: %zu training rows",
                             fdml_protocol_name[p], d->n_train[p]);
    fdml_text_append(text, sizeof text, ")");
    return fdml_arena_copy_text(arena, text, strlen(text));
}

/* Protocols that have results, and how many. */
static size_t list_protocols(fdml_protocol list[FDML_PROTOCOLS],
                             const fdml_downstream_result *d)
{
    size_t n = 0;
    while (n < d->n_learned && n < FDML_PROTOCOLS &&
           d->learned[n].classifier == d->learned[0].classifier) {
        list[n] = d->learned[n].protocol;
        n++;
    }
    return n;
}

/* One row: of all rows where g is n_groups. learned: [n] protocols of one classifier. */
static void put_values(fdml_grid *grid, const fdml_downstream_result *d,
                       const fdml_learned_result *learned, size_t n, size_t g)
{
    const bool is_all = g == d->n_groups;
    fdml_grid_row(grid);
    fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", is_all ? "all" : d->value[g]);
    for (size_t p = 0; p < n; p++) {
        const fdml_learned_values *v = is_all ? &learned[p].all : &learned[p].groups[g];
        if (!p) fdml_grid_set(grid, 1, FDML_CELL_VALUE, "%zu", v->value[FDML_L_ACCURACY].n);
        fdml_grid_estimate(grid, 2 + p, &v->value[FDML_L_ACCURACY], "");
    }
}

/* Without an attribute there is one protocol: measures take the columns. */
static bool grid_without_groups(fdml_grid *grid, const fdml_downstream_result *d,
                                const char *title, fdml_arena *arena)
{
    if (!fdml_grid_init(grid, title, 1 + FDML_L_MEASURES, 1, d->n_learned, arena)) return false;
    grid->header[0] = "classifier";
    for (size_t m = 0; m < FDML_L_MEASURES; m++) grid->header[1 + m] = fdml_learned_name[m];
    for (size_t i = 0; i < d->n_learned; i++) {
        fdml_grid_row(grid);
        fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s",
                      fdml_classifier_name[d->learned[i].classifier]);
        for (size_t m = 0; m < FDML_L_MEASURES; m++)
            fdml_grid_estimate(grid, 1 + m, &d->learned[i].all.value[m], "");
    }
    return !grid->failed;
}

bool fdml_grid_learned(fdml_grid *grid, const fdml_report *report, size_t index,
                       fdml_arena *arena)
{
    const fdml_downstream_result *d = &report->result->downstream[index];
    const char *title =
        make_title(d->grouping ? "Accuracy" : "Measures", d, report->result->settings, arena);
    if (!title) return false;
    if (!d->grouping) return grid_without_groups(grid, d, title, arena);
    fdml_protocol protocol[FDML_PROTOCOLS];
    const size_t n = list_protocols(protocol, d), n_classifiers = d->n_learned / n;
    if (!fdml_grid_init(grid, title, 2 + n, 2, n_classifiers * (d->n_groups + 2), arena))
        return false;
    grid->header[0] = d->by;
    grid->header[1] = "n";
    grid->is_right[1] = true;
    for (size_t p = 0; p < n; p++) grid->header[2 + p] = fdml_protocol_name[protocol[p]];
    for (size_t i = 0; i < d->n_learned; i += n) {
        fdml_grid_heading(grid, fdml_classifier_name[d->learned[i].classifier]);
        for (size_t g = 0; g <= d->n_groups; g++)
            put_values(grid, d, d->learned + i, n, g == 0 ? d->n_groups : g - 1);
    }
    return !grid->failed;
}

static void put_gaps(fdml_grid *grid, const fdml_learned_result *learned, size_t n, size_t m,
                     const fdml_audit_settings *settings)
{
    size_t column = 1;
    fdml_grid_row(grid);
    fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", fdml_learned_name[m]);
    for (size_t p = 0; p < n; p++) {
        const fdml_gap_result *gap = &learned[p].gap[m];
        const fdml_estimate *change = &learned[p].gap_change[m];
        const bool is_shown = fdml_gap_verdict(gap, settings) == 1;
        const bool is_changed = change->lo > 0 || change->hi < 0;
        fdml_grid_estimate(grid, column++, &gap->difference, is_shown ? "*" : "");
        if (p) fdml_grid_estimate(grid, column++, change, is_changed ? "+" : "");
    }
}

bool fdml_grid_learned_gaps(fdml_grid *grid, const fdml_report *report, size_t index,
                            fdml_arena *arena)
{
    const fdml_downstream_result *d = &report->result->downstream[index];
    fdml_protocol protocol[FDML_PROTOCOLS];
    const size_t n = list_protocols(protocol, d), n_classifiers = d->n_learned / n;
    char by[FDML_NAME_SHOWN], what[FDML_NAME_SHOWN + 128];
    fdml_name_show(by, d->by);
    snprintf(what, sizeof what,
             "*: told from chance, +: the interval of the change leaves out 0. Gaps by %s", by);
    const char *title = make_title(what, d, report->result->settings, arena);
    if (!title ||
        !fdml_grid_init(grid, title, 2 * n, 1, n_classifiers * (1 + FDML_L_MEASURES), arena))
        return false;
    grid->header[0] = "gap (max - min)";
    for (size_t p = 0, column = 1; p < n; p++) {
        grid->header[column++] = fdml_protocol_name[protocol[p]];
        if (p) grid->header[column++] = "change";
    }
    for (size_t i = 0; d->grouping && i < d->n_learned; i += n) {
        fdml_grid_heading(grid, fdml_classifier_name[d->learned[i].classifier]);
        for (size_t m = 0; m < FDML_L_MEASURES; m++)
            put_gaps(grid, d->learned + i, n, m, report->result->settings);
    }
    return !grid->failed;
}

/* --- words ------------------------------------------------------------------------------ */

/* What a protocol makes of the gaps of accuracy of all classifiers. */
typedef struct standing {
    size_t n_given, n_tested, n_shown; /* gaps that have a value; tested; told from chance */
    size_t n_narrower, n_wider;        /* the interval of the change leaves out 0 */
    const fdml_learned_result *widest;
} standing;

static standing stand(const fdml_downstream_result *d, fdml_protocol protocol,
                      const fdml_audit_settings *settings)
{
    standing s = { 0 };
    for (size_t i = 0; i < d->n_learned; i++) {
        const fdml_learned_result *l = &d->learned[i];
        const fdml_gap_result *gap = &l->gap[FDML_L_ACCURACY];
        const fdml_estimate *change = &l->gap_change[FDML_L_ACCURACY];
        if (l->protocol != protocol || isnan(gap->difference.value)) continue;
        s.n_given++;
        s.n_tested += fdml_gap_verdict(gap, settings) >= 0;
        s.n_shown += fdml_gap_verdict(gap, settings) == 1;
        s.n_narrower += change->hi < 0;
        s.n_wider += change->lo > 0;
        if (!s.widest ||
            gap->difference.value > s.widest->gap[FDML_L_ACCURACY].difference.value)
            s.widest = l;
    }
    return s;
}

/* "2 of 6", of the gaps of accuracy */
static void tell_shown(char *text, size_t size, const standing *s)
{
    if (s->n_tested)
        fdml_text_append(text, size, "%zu of %zu", s->n_shown, s->n_tested);
    else
        fdml_text_append(text, size, "none of %zu, untested,", s->n_given);
}

bool fdml_report_learned(const char **sentence, const fdml_report *report, size_t index,
                         fdml_arena *arena)
{
    const fdml_downstream_result *d = &report->result->downstream[index];
    const fdml_audit_settings *settings = report->result->settings;
    const standing as_is = stand(d, FDML_AS_IS, settings);
    char text[1024] = "", shown[FDML_SHOWN_MAX];
    if (as_is.widest) {
        const fdml_learned_result *l = as_is.widest;
        fdml_show_estimate(shown, &l->gap[FDML_L_ACCURACY].difference);
        tell_shown(text, sizeof text, &as_is);
        fdml_text_append(text, sizeof text,
                         " gaps of accuracy can be told from chance where all rows train "
                         "(widest: %s, %s)",
                         fdml_classifier_name[l->classifier], shown);
    } else
        snprintf(text, sizeof text, "fewer than two groups have enough test rows for a gap");
    for (int p = FDML_AS_IS + 1; as_is.widest && p < FDML_PROTOCOLS; p++) {
        const standing s = stand(d, (fdml_protocol)p, settings);
        if (!s.n_given) continue;
        fdml_text_append(text, sizeof text, "; after %s ", fdml_protocol_name[p]);
        tell_shown(text, sizeof text, &s);
        fdml_text_append(text, sizeof text, " (%zu narrower, %zu wider than as_is)",
                         s.n_narrower, s.n_wider);
    }
    fdml_text_append(text, sizeof text, ".");
    *sentence = fdml_arena_copy_text(arena, text, strlen(text));
    return *sentence != NULL;
}

/* --- JSON ------------------------------------------------------------------------------- */

typedef fdml_json_writer writer;

/* {"CLASSIFIER.PROTOCOL.MEASURE": estimate} of group g, or of all rows where it is n_groups;
 * of the values or of their changes, which as_is has none of. */
static void put_learned(writer *w, const char *name, const fdml_downstream_result *d, size_t g,
                        bool is_change)
{
    char key[FDML_LEARNED_KEY];
    fdml_json_key(w, name);
    fdml_json_begin_object(w);
    for (size_t i = 0; i < d->n_learned; i++) {
        const fdml_learned_result *l = &d->learned[i];
        const fdml_learned_values *v = g == d->n_groups ? &l->all : &l->groups[g];
        if (is_change && l->protocol == FDML_AS_IS) continue;
        for (size_t m = 0; m < FDML_L_MEASURES; m++) {
            fdml_learned_key(key, l->classifier, l->protocol, (fdml_learned_measure)m);
            fdml_report_json_estimate(w, key, is_change ? &v->change[m] : &v->value[m], true);
        }
    }
    fdml_json_end_object(w);
}

static void put_json_gap(writer *w, const fdml_learned_result *l, size_t m)
{
    char key[FDML_LEARNED_KEY];
    const fdml_gap_result *gap = &l->gap[m];
    fdml_learned_key(key, l->classifier, l->protocol, (fdml_learned_measure)m);
    fdml_json_begin_object(w);
    fdml_json_put_text(w, "by", gap->by);
    fdml_json_put_text(w, "metric", key);
    fdml_report_json_estimate(w, "difference", &gap->difference, false);
    fdml_report_json_estimate(w, "ratio", &gap->ratio, false);
    fdml_json_put_text(w, "best", gap->best);
    fdml_json_put_text(w, "worst", gap->worst);
    fdml_json_key(w, "p");
    fdml_json_number(w, gap->p);
    fdml_json_key(w, "p_holm");
    fdml_json_number(w, gap->p_holm);
    fdml_json_put_text(w, "p_method", gap->p_method);
    if (l->protocol != FDML_AS_IS)
        fdml_report_json_estimate(w, "change", &l->gap_change[m], false);
    fdml_json_end_object(w);
}

static void put_result(writer *w, const fdml_downstream_result *d)
{
    fdml_json_begin_object(w);
    fdml_json_put_text(w, "target", d->target);
    fdml_json_put_text(w, "by", d->grouping ? d->by : NULL);
    fdml_json_put_text(w, "balanced",
                       !d->grouping   ? NULL
                       : d->is_within ? "within values"
                                      : "in all");
    fdml_json_put_count(w, "values", d->n_values);
    fdml_json_put_count(w, "values_left_out", d->n_left_out);
    fdml_json_put_count(w, "test_rows", d->n_test);
    fdml_json_key(w, "training_rows");
    fdml_json_begin_object(w);
    for (size_t p = 0; p < FDML_PROTOCOLS; p++)
        if (d->n_train[p]) fdml_json_put_count(w, fdml_protocol_name[p], d->n_train[p]);
    fdml_json_end_object(w);
    put_learned(w, "overall", d, d->n_groups, false);
    put_learned(w, "overall_change", d, d->n_groups, true);
    fdml_json_key(w, "groups");
    fdml_json_begin_array(w);
    for (size_t g = 0; g < d->n_groups; g++) {
        fdml_json_begin_object(w);
        fdml_json_put_text(w, "by", d->by);
        fdml_json_put_text(w, "value", d->value[g]);
        put_learned(w, "metrics", d, g, false);
        put_learned(w, "change", d, g, true);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
    fdml_json_key(w, "gaps");
    fdml_json_begin_array(w);
    for (size_t i = 0; d->grouping && i < d->n_learned; i++)
        for (size_t m = 0; m < FDML_L_MEASURES; m++) put_json_gap(w, &d->learned[i], m);
    fdml_json_end_array(w);
    fdml_json_end_object(w);
}

void fdml_report_json_downstream(writer *w, const fdml_audit_result *result)
{
    fdml_json_key(w, "downstream");
    if (!result->settings->with_downstream) {
        fdml_json_null(w);
        return;
    }
    fdml_json_begin_array(w);
    for (size_t i = 0; i < result->n_downstream; i++) put_result(w, &result->downstream[i]);
    fdml_json_end_array(w);
}
