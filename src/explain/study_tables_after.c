/* study_tables_after.c - what comes after fidelity: changes, decisions, what features tell of
 * groups, gates. See study_tables.h.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/report_tables.h"
#include "explain/simulate.h"
#include "explain/study_maker.h"

/* --- changes ------------------------------------------------------------------------------ */

/* By how much, how sure that is, and from where. */
enum { CHANGE_LINES = 3 };

static void put_change(const study_maker *m, const fdml_fidelity_difference *d[FDML_FIDELITIES],
                       const char *name, const char *by)
{
    study_cell c[FDML_FIDELITIES];
    char before[FDML_SHOWN_MAX];
    for (size_t k = 0; k < FDML_FIDELITIES; k++)
        c[k] = (study_cell){ 1 + k, &d[k]->e, NAN,
                             fdml_study_is_shown(d[k]->p_holm, m->study) == 1 };
    fdml_grid_row(m->grid);
    fdml_grid_set(m->grid, 0, FDML_CELL_NAME, "%s%s", name, by);
    fdml_study_cells(m, c, FDML_FIDELITIES);
    fdml_grid_row(m->grid);
    for (size_t k = 0; k < FDML_FIDELITIES; k++) {
        if (isnan(d[k]->e.value)) continue;
        fdml_show_value(before, d[k]->before);
        fdml_grid_set(m->grid, 1 + k, FDML_CELL_VALUE, "was %.24s", before);
    }
}

static void put_changes(const study_maker *m, const fdml_study_explained *x)
{
    static const char *const gap[FDML_FIDELITY_GAPS] = { "max gap, ", "mean gap, " };
    const fdml_fidelity_difference *d[FDML_FIDELITIES];
    for (size_t k = 0; k < FDML_FIDELITIES; k++) d[k] = &x->change[0].overall[k];
    put_change(m, d, "overall", "");
    for (size_t a = 0; a < m->study->n_attributes; a++) {
        const fdml_study_attribute *by = &m->study->attribute[a];
        for (size_t g = 0; g < by->n_groups; g++) {
            for (size_t k = 0; k < FDML_FIDELITIES; k++)
                d[k] = &x->change[a].of_group[g * FDML_FIDELITIES + k];
            put_change(m, d, "", by->group[g]);
        }
        for (size_t i = 0; i < FDML_FIDELITY_GAPS; i++) {
            for (size_t k = 0; k < FDML_FIDELITIES; k++) d[k] = &x->change[a].gap[k][i];
            put_change(m, d, gap[i], by->name);
        }
    }
}

bool fdml_study_make_changes(const study_maker *m)
{
    static const char *const header[] = { "change of", "accuracy", "AUROC", "residual" };
    const fdml_study *study = m->study;
    const size_t n_methods = study->options->n_methods;
    size_t n_rows = 1 + CHANGE_LINES * (1 + FDML_FIDELITY_GAPS * study->n_attributes);
    for (size_t a = 0; a < study->n_attributes; a++)
        n_rows += CHANGE_LINES * study->attribute[a].n_groups;
    if (!fdml_study_begin(m, header, 4, 1, n_methods * n_rows)) return false;
    for (size_t i = 0; i < n_methods; i++) {
        if (!m->box->explained[i].change) continue;
        const char *baseline = fdml_study_baseline(study, i, m->arena);
        const char *heading =
            baseline
                ? fdml_study_keep(m, "%s less %s", study->options->method[i].text, baseline)
                : NULL;
        if (!heading) return false;
        fdml_grid_heading(m->grid, heading);
        put_changes(m, &m->box->explained[i]);
    }
    return fdml_study_finish(
        m, "changes against the baseline",
        "can be told from chance (Holm over the numbers of one comparison).", false);
}

/* --- decisions ---------------------------------------------------------------------------- */

/* A probability of each method, which has no interval. */
static void put_probability(const study_maker *m, size_t column, double p, const char *why)
{
    const fdml_estimate e = { p, NAN, NAN, 0, why };
    const study_cell c = { column, &e, NAN, false };
    fdml_study_cells(m, &c, 1);
}

static void put_group(const study_maker *m, size_t a, size_t g)
{
    const fdml_study *study = m->study;
    const fdml_study_explained *x = m->box->explained;
    const fdml_simulation_group *first =
        g == SIZE_MAX ? &x[0].simulation[a].overall : &x[0].simulation[a].group[g];
    fdml_study_named_row(m, g == SIZE_MAX ? "all" : study->attribute[a].group[g],
                         g == SIZE_MAX ? study->n_test : x[0].by[a].n_rows[g]);
    put_probability(m, 2, first->alone, first->why);
    for (size_t i = 0; i < study->options->n_methods; i++) {
        const fdml_simulation *s = &x[i].simulation[a];
        const fdml_simulation_group *p = g == SIZE_MAX ? &s->overall : &s->group[g];
        put_probability(m, 3 + i, p->explained, p->why);
    }
}

static void put_decision_gaps(const study_maker *m, size_t a)
{
    const fdml_study_explained *x = m->box->explained;
    fdml_grid_row(m->grid);
    fdml_grid_set(m->grid, 0, FDML_CELL_TEXT, "largest less smallest");
    put_probability(m, 2, x[0].simulation[a].gap.alone, NULL);
    for (size_t i = 0; i < m->study->options->n_methods; i++)
        put_probability(m, 3 + i, x[i].simulation[a].gap.explained, NULL);
    fdml_grid_row(m->grid);
    fdml_grid_set(m->grid, 0, FDML_CELL_TEXT, "the same, equal fidelity");
    for (size_t i = 0; i < m->study->options->n_methods; i++)
        put_probability(m, 3 + i, x[i].simulation[a].gap.even, NULL);
}

bool fdml_study_make_decisions(const study_maker *m)
{
    const fdml_study *study = m->study;
    const size_t n_methods = study->options->n_methods;
    const char *header[3 + FDML_STUDY_MOST_METHODS] = { "decisions about", "n", "without" };
    const size_t n_rows = fdml_study_group_rows(study, 1, 2);
    for (size_t i = 0; i < n_methods; i++) header[3 + i] = study->options->method[i].text;
    if (!fdml_study_begin(m, header, 3 + n_methods, 2, n_rows)) return false;
    m->grid->is_right[1] = true;
    if (study->options->with_simulation && m->box->explained[0].simulation) {
        put_group(m, 0, SIZE_MAX);
        for (size_t a = 0; a < study->n_attributes; a++) {
            fdml_grid_heading(m->grid, study->attribute[a].name);
            for (size_t g = 0; g < study->attribute[a].n_groups; g++) put_group(m, a, g);
            put_decision_gaps(m, a);
        }
    }
    if (!fdml_study_finish(
            m, "probability that a reader of explanations decides right (simulated)", "",
            false))
        return false;
    m->table->note =
        "Of six probabilities of the authors' study with users (--define decision). "
        "without: the black box's answer alone; equal fidelity: if the explanation "
        "were as good for every group as it is for all rows.";
    return true;
}

/* --- the study ---------------------------------------------------------------------------- */

bool fdml_study_make_information(const study_maker *m)
{
    static const char *const header[] = { "test rows", "n", "logistic regression", "network" };
    const fdml_study *study = m->study;
    study_maker flat = *m;
    size_t attribute = SIZE_MAX;
    flat.is_flat = true;
    if (!fdml_study_begin(m, header, 4, 2, 2 * study->n_information)) return false;
    m->grid->is_right[1] = true;
    for (size_t i = 0; i < study->n_information; i++) {
        const fdml_information *info = &study->information[i];
        const fdml_factor *by = &study->table->protected_[info->attribute];
        const study_cell c[] = { { 2, &info->auroc[0], NAN, false },
                                 { 3, &info->auroc[1], NAN, false } };
        if (info->attribute != attribute) fdml_grid_heading(m->grid, by->name);
        attribute = info->attribute;
        fdml_study_named_row(m, by->level[info->group], info->n);
        fdml_study_cells(&flat, c, 2);
    }
    return fdml_study_finish(m, "how well features tell a group from all others (AUROC)", "",
                             false);
}

bool fdml_study_make_gates(const study_maker *m, const fdml_study_report *report)
{
    const fdml_report gates = { .gates = report->gates, .n_gates = report->n_gates };
    if (!fdml_grid_gates(m->grid, &gates, m->arena)) return false;
    m->table->title = "gates";
    m->table->note = "";
    return true;
}
