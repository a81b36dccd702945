/* study_tables.c - see study_tables.h.
 * SPDX-License-Identifier: MIT */
#include "explain/study_maker.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "eval/report_tables.h"

const char *const fdml_study_measure_name[FDML_FIDELITIES] = { "accuracy", "AUROC",
                                                               "residual" };

enum { MOST_CELLS = FDML_STUDY_MOST_METHODS, NOTE = 512 };

/* --- cells -------------------------------------------------------------------------------- */

/* " ± .012"; nothing where there is one seed. */
static void append_spread(char text[FDML_SHOWN_MAX], double sd)
{
    char shown[FDML_SHOWN_MAX] = "0";
    if (isnan(sd)) return;
    if (sd >= 0.0005)
        snprintf(shown, sizeof shown, "%.3f", sd);
    else if (sd > 1e-12) /* less is rounding of a 0 */
        snprintf(shown, sizeof shown, "%.0e", sd);
    fdml_text_append(text, FDML_SHOWN_MAX, " ± %s", shown + (sd >= 0.0005 && *shown == '0'));
}

static void put_value(const study_maker *m, const study_cell *c)
{
    char text[FDML_SHOWN_MAX];
    if (isnan(c->e->value) && c->e->why) {
        fdml_grid_set(m->grid, c->column, FDML_CELL_WHY, "%s", c->e->why);
        return;
    }
    const fdml_estimate bare = { c->e->value, NAN, NAN, 0, NULL };
    fdml_show_estimate(text, m->is_flat ? c->e : &bare);
    append_spread(text, c->sd);
    fdml_grid_set(m->grid, c->column, FDML_CELL_VALUE, "%s%s", text, c->is_marked ? "*" : "");
}

static bool has_interval(const fdml_estimate *e)
{
    return !isnan(e->value) && !isnan(e->lo) && !isnan(e->hi);
}

static void put_interval(const study_maker *m, const study_cell *c)
{
    char lo[FDML_SHOWN_MAX], hi[FDML_SHOWN_MAX];
    if (!has_interval(c->e)) return;
    fdml_show_value(lo, c->e->lo);
    fdml_show_value(hi, c->e->hi);
    fdml_grid_set(m->grid, c->column, FDML_CELL_VALUE, "[%.24s, %.24s]", lo, hi);
}

/* The row that was begun, and the one of its intervals. */
void fdml_study_cells(const study_maker *m, const study_cell *c, size_t n)
{
    bool has_some = false;
    for (size_t i = 0; i < n; i++) {
        put_value(m, &c[i]);
        has_some = has_some || has_interval(c[i].e);
    }
    if (m->is_flat || !has_some) return;
    fdml_grid_row(m->grid);
    for (size_t i = 0; i < n; i++) put_interval(m, &c[i]);
}

bool fdml_study_begin(const study_maker *m, const char *const *header, size_t n_columns,
                      size_t n_fixed, size_t n_rows)
{
    if (!fdml_grid_init(m->grid, NULL, n_columns, n_fixed, n_rows, m->arena)) return false;
    for (size_t c = 0; c < n_columns; c++) m->grid->header[c] = header[c];
    return true;
}

const char *fdml_study_keep(const study_maker *m, const char *format, ...)
{
    char text[NOTE + FDML_NAME_SHOWN];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return fdml_arena_copy_text(m->arena, text, strlen(text));
}

/* `mark`: what * says; "": there is none. */
bool fdml_study_finish(const study_maker *m, const char *title, const char *mark,
                       bool has_spread)
{
    const fdml_study_options *o = m->study->options;
    char name[FDML_NAME_SHOWN] = "", note[NOTE] = "";
    if (m->box) fdml_name_show(name, m->box->source->name);
    m->table->title = fdml_study_keep(m, "%s%s%s", name, m->box ? ": " : "", title);
    if (o->n_seeds > 1 && has_spread)
        fdml_text_append(note, NOTE, "±: standard deviation over %zu seeds. ", o->n_seeds);
    if (o->n_bootstrap)
        fdml_text_append(note, NOTE, "[lo, hi]: %g%% interval over test rows, %zu bootstraps. ",
                         100 * o->confidence, o->n_bootstrap);
    if (*mark) fdml_text_append(note, NOTE, "*: %s", mark);
    m->table->note = fdml_study_keep(m, "%s", note);
    return m->table->title && m->table->note && !m->grid->failed;
}

/* --- a black box -------------------------------------------------------------------------- */

size_t fdml_study_group_rows(const fdml_study *study, size_t per_group, size_t per_attribute)
{
    size_t n = per_group;
    for (size_t a = 0; a < study->n_attributes; a++)
        n += 1 + per_group * study->attribute[a].n_groups + per_attribute;
    return n;
}

/* Worse than all rows: the interval of how far leaves out 0, and that of the group's value is
 * not flat. A residual is not worse for being larger. */
static bool is_apart(const fdml_fidelity *f, size_t group, size_t measure)
{
    const size_t i = group * FDML_FIDELITIES + measure;
    return measure != FDML_FIDELITY_RESIDUAL && f->behind[i].e.lo > 0 &&
           !fdml_is_flat(&f->of_group[i].e);
}

void fdml_study_named_row(const study_maker *m, const char *name, size_t n)
{
    fdml_grid_row(m->grid);
    fdml_grid_set(m->grid, 0, FDML_CELL_NAME, "%s", name);
    fdml_grid_set(m->grid, 1, FDML_CELL_VALUE, "%zu", n);
}

static void set_cell(study_cell *c, size_t column, const fdml_fidelity_value *v, bool is_marked)
{
    *c = (study_cell){ column, &v->e, v->sd, is_marked };
}

static bool make_quality(const study_maker *m)
{
    static const char *const header[] = { "test rows", "n", "accuracy", "AUROC", "residual" };
    const fdml_study *study = m->study;
    study_cell c[FDML_FIDELITIES];
    if (!fdml_study_begin(m, header, 5, 2, fdml_study_group_rows(study, 2, 0))) return false;
    m->grid->is_right[1] = true;
    fdml_study_named_row(m, "all", study->n_test);
    for (size_t k = 0; k < FDML_FIDELITIES; k++)
        set_cell(&c[k], 2 + k, &m->box->quality[0].overall[k], false);
    fdml_study_cells(m, c, FDML_FIDELITIES);
    for (size_t a = 0; a < study->n_attributes; a++) {
        const fdml_fidelity *f = &m->box->quality[a];
        fdml_grid_heading(m->grid, study->attribute[a].name);
        for (size_t g = 0; g < f->n_groups; g++) {
            fdml_study_named_row(m, study->attribute[a].group[g], f->n_rows[g]);
            for (size_t k = 0; k < FDML_FIDELITIES; k++)
                set_cell(&c[k], 2 + k, &f->of_group[g * FDML_FIDELITIES + k],
                         is_apart(f, g, k));
            fdml_study_cells(m, c, FDML_FIDELITIES);
        }
    }
    return fdml_study_finish(m, "how good the black box itself is, for the target",
                             "worse than all rows, its interval leaving out 0 (one by one, not"
                             " corrected).",
                             true);
}

static bool make_overall(const study_maker *m)
{
    static const char *const header[] = { "method", "accuracy", "AUROC", "residual" };
    const size_t n_methods = m->study->options->n_methods;
    if (!fdml_study_begin(m, header, 4, 1, 2 * n_methods)) return false;
    for (size_t i = 0; i < n_methods; i++) {
        const fdml_study_explained *x = &m->box->explained[i];
        study_cell c[FDML_FIDELITIES];
        fdml_grid_row(m->grid);
        fdml_grid_set(m->grid, 0, FDML_CELL_TEXT, "%s", x->method->text);
        for (size_t k = 0; k < FDML_FIDELITIES; k++)
            set_cell(&c[k], 1 + k, &x->by[0].overall[k], false);
        fdml_study_cells(m, c, FDML_FIDELITIES);
    }
    return fdml_study_finish(m, "fidelity on all test rows", "", true);
}

static study_cell gap_cell(const study_maker *m, const fdml_fidelity *f, size_t column,
                           size_t measure, size_t kind)
{
    const fdml_fidelity_gap *gap = &f->gap[measure][kind];
    return (study_cell){ column, &gap->e, gap->sd,
                         fdml_study_is_shown(gap->p_holm, m->study) == 1 };
}

/* The columns of the authors' table, in their order, and then the others. */
static const char *const gap_header[] = { "method",         "max gap ACC",   "behind",
                                          "mean gap AUROC", "mean gap ACC",  "mean gap resid.",
                                          "max gap AUROC",  "max gap resid." };
enum { GAP_COLUMNS = sizeof gap_header / sizeof *gap_header };

static void put_gaps(const study_maker *m, const char *name, const fdml_study_attribute *by,
                     const fdml_fidelity *f)
{
    const fdml_fidelity_gap *worst = &f->gap[FDML_FIDELITY_ACCURACY][FDML_GAP_MAX];
    const study_cell c[] = { gap_cell(m, f, 1, FDML_FIDELITY_ACCURACY, FDML_GAP_MAX),
                             gap_cell(m, f, 3, FDML_FIDELITY_AUROC, FDML_GAP_MEAN),
                             gap_cell(m, f, 4, FDML_FIDELITY_ACCURACY, FDML_GAP_MEAN),
                             gap_cell(m, f, 5, FDML_FIDELITY_RESIDUAL, FDML_GAP_MEAN),
                             gap_cell(m, f, 6, FDML_FIDELITY_AUROC, FDML_GAP_MAX),
                             gap_cell(m, f, 7, FDML_FIDELITY_RESIDUAL, FDML_GAP_MAX) };
    fdml_grid_row(m->grid);
    fdml_grid_set(m->grid, 0, FDML_CELL_NAME, "%s", name);
    if (isnan(worst->e.value) && worst->e.why)
        fdml_grid_set(m->grid, 2, FDML_CELL_WHY, "%s", worst->e.why);
    else
        fdml_grid_set(
            m->grid, 2, FDML_CELL_NAME, "%s",
            worst->worst < by->n_groups && worst->e.value > 0 ? by->group[worst->worst] : "-");
    fdml_study_cells(m, c, sizeof c / sizeof *c);
}

static bool finish_gaps(const study_maker *m, const char *title, const char *family)
{
    char level[FDML_SHOWN_MAX], mark[NOTE];
    fdml_show_level(level, m->study->options->confidence);
    snprintf(mark, sizeof mark, "can be told from chance at %s (Holm over all gaps of %s).",
             level, family);
    return fdml_study_finish(m, title, mark, true);
}

static bool make_quality_gaps(const study_maker *m)
{
    const fdml_study *study = m->study;
    const char *header[GAP_COLUMNS] = { "groups of" };
    memcpy(header + 1, gap_header + 1, sizeof header - sizeof *header);
    if (!fdml_study_begin(m, header, GAP_COLUMNS, 1, 2 * study->n_attributes)) return false;
    for (size_t a = 0; a < study->n_attributes; a++)
        put_gaps(m, study->attribute[a].name, &study->attribute[a], &m->box->quality[a]);
    return finish_gaps(m, "gaps between groups in how good the black box is", "black boxes");
}

static bool make_gaps(const study_maker *m)
{
    const fdml_study *study = m->study;
    const size_t n_methods = study->options->n_methods;
    if (!fdml_study_begin(m, gap_header, GAP_COLUMNS, 1,
                          study->n_attributes * (2 * n_methods + 1)))
        return false;
    for (size_t a = 0; a < study->n_attributes; a++) {
        fdml_grid_heading(m->grid, study->attribute[a].name);
        for (size_t i = 0; i < n_methods; i++)
            put_gaps(m, m->box->explained[i].method->text, &study->attribute[a],
                     &m->box->explained[i].by[a]);
    }
    return finish_gaps(m, "gaps between groups in fidelity", "explanations");
}

static bool make_groups(const study_maker *m, size_t measure)
{
    const fdml_study *study = m->study;
    const size_t n_methods = study->options->n_methods;
    const char *header[2 + MOST_CELLS] = { "test rows", "n" };
    study_cell c[MOST_CELLS];
    for (size_t i = 0; i < n_methods; i++) header[2 + i] = study->options->method[i].text;
    if (!fdml_study_begin(m, header, 2 + n_methods, 2, fdml_study_group_rows(study, 2, 0)))
        return false;
    m->grid->is_right[1] = true;
    fdml_study_named_row(m, "all", study->n_test);
    for (size_t i = 0; i < n_methods; i++)
        set_cell(&c[i], 2 + i, &m->box->explained[i].by[0].overall[measure], false);
    fdml_study_cells(m, c, n_methods);
    for (size_t a = 0; a < study->n_attributes; a++) {
        fdml_grid_heading(m->grid, study->attribute[a].name);
        for (size_t g = 0; g < study->attribute[a].n_groups; g++) {
            fdml_study_named_row(m, study->attribute[a].group[g],
                                 m->box->explained[0].by[a].n_rows[g]);
            for (size_t i = 0; i < n_methods; i++) {
                const fdml_fidelity *f = &m->box->explained[i].by[a];
                set_cell(&c[i], 2 + i, &f->of_group[g * FDML_FIDELITIES + measure],
                         is_apart(f, g, measure));
            }
            fdml_study_cells(m, c, n_methods);
        }
    }
    static const char *const title[FDML_FIDELITIES] = {
        [FDML_FIDELITY_ACCURACY] = "accuracy of explanations by group",
        [FDML_FIDELITY_AUROC] = "AUROC of explanations by group",
        [FDML_FIDELITY_RESIDUAL] = "residual of explanations by group",
    };
    return fdml_study_finish(
        m, title[measure],
        measure == FDML_FIDELITY_RESIDUAL
            ? ""
            : "behind all rows, its interval leaving out 0 (one by one, not corrected).",
        true);
}

bool fdml_study_table_make(fdml_study_table *table, const fdml_study_report *report,
                           fdml_study_table_kind kind, size_t box, bool is_flat,
                           fdml_arena *arena)
{
    const fdml_study *study = report->study;
    const bool is_of_box = kind < FDML_STUDY_BOX_TABLES;
    const study_maker m = { table, &table->grid, study, is_of_box ? &study->box[box] : NULL,
                            arena, is_flat };
    switch (kind) {
    case FDML_STUDY_QUALITY:
        return make_quality(&m);
    case FDML_STUDY_QUALITY_GAPS:
        return make_quality_gaps(&m);
    case FDML_STUDY_OVERALL:
        return make_overall(&m);
    case FDML_STUDY_GAPS:
        return make_gaps(&m);
    case FDML_STUDY_GROUP_ACCURACY:
        return make_groups(&m, FDML_FIDELITY_ACCURACY);
    case FDML_STUDY_GROUP_AUROC:
        return make_groups(&m, FDML_FIDELITY_AUROC);
    case FDML_STUDY_GROUP_RESIDUAL:
        return make_groups(&m, FDML_FIDELITY_RESIDUAL);
    case FDML_STUDY_CHANGES:
        return fdml_study_make_changes(&m);
    case FDML_STUDY_DECISIONS:
        return fdml_study_make_decisions(&m);
    case FDML_STUDY_INFORMATION:
        return fdml_study_make_information(&m);
    default:
        return fdml_study_make_gates(&m, report);
    }
}
