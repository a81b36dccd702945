/* study_csv.c - one row per number, for spreadsheets, R and pandas.
 *
 * Columns: section, black_box, method, by, group, metric, n, value, lo, hi, sd, p, p_holm,
 * worst, why. Sections: count, target_share, choice choice_auroc (group: the seed), quality
 * quality_group quality_gap_X, overall, group, behind, gap_X (X: a name of
 * fdml_fidelity_gap_name), change_overall change_group change_gap_X, decision decision_gap
 * (metric: box good alone explained even, see simulate.h), information (metric: the
 * classifier), gate. An empty cell is "not given".
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "data/csv_write.h"
#include "explain/fidelity_change.h"
#include "explain/simulate.h"
#include "explain/study_report.h"

/* What stands in front of a number. */
typedef struct place {
    FILE *file;
    const char *section, *box, *method, *by, *group, *metric;
} place;

/* n: SIZE_MAX: none */
static void put_key(const place *p, size_t n)
{
    const char *const cell[] = { p->section, p->box, p->method, p->by, p->group, p->metric };
    for (size_t i = 0; i < sizeof cell / sizeof *cell; i++) {
        fdml_csv_put_text(p->file, cell[i]);
        fputc(',', p->file);
    }
    if (n != SIZE_MAX) fprintf(p->file, "%zu", n);
}

/* number: value, lo, hi, sd, p, p_holm */
static void put_numbers(const place *p, const double number[6], const char *worst,
                        const char *why)
{
    for (size_t i = 0; i < 6; i++) {
        fputc(',', p->file);
        fdml_csv_put_number(p->file, number[i]);
    }
    fputc(',', p->file);
    fdml_csv_put_text(p->file, worst);
    fputc(',', p->file);
    fdml_csv_put_text(p->file, isnan(number[0]) ? why : NULL);
    fputc('\n', p->file);
}

static void put_bare(const place *p, double value, const char *why)
{
    const double number[6] = { value, NAN, NAN, NAN, NAN, NAN };
    put_key(p, SIZE_MAX);
    put_numbers(p, number, NULL, why);
}

static void put_value(const place *p, const fdml_fidelity_value *v)
{
    const double number[6] = { v->e.value, v->e.lo, v->e.hi, v->sd, NAN, NAN };
    put_key(p, v->e.n);
    put_numbers(p, number, NULL, v->e.why);
}

static void put_difference(const place *p, const fdml_fidelity_difference *d)
{
    const double number[6] = { d->e.value, d->e.lo, d->e.hi, NAN, d->p, d->p_holm };
    put_key(p, d->e.n);
    put_numbers(p, number, NULL, d->e.why);
}

static void put_gap(const place *p, const fdml_fidelity_gap *gap,
                    const fdml_study_attribute *by)
{
    const double number[6] = {
        gap->e.value, gap->e.lo, gap->e.hi, gap->sd, gap->p, gap->p_holm
    };
    put_key(p, gap->e.n);
    put_numbers(p, number, gap->worst < by->n_groups ? by->group[gap->worst] : NULL,
                gap->e.why);
}

/* "gap_max_from_average", with `prefix` in front. */
static void name_gap(char section[64], const char *prefix, size_t kind)
{
    snprintf(section, 64, "%sgap_%s", prefix, fdml_fidelity_gap_name[kind]);
}

/* --- fidelity ----------------------------------------------------------------------------- */

/* p: box and method; prefix: of the sections. */
static void put_fidelity(place p, const char *prefix, const fdml_study *study,
                         const fdml_fidelity *fidelity)
{
    char section[64];
    const bool is_quality = *prefix != 0;
    p.section = is_quality ? "quality" : "overall";
    for (size_t k = 0; k < FDML_FIDELITIES; k++) {
        p.metric = fdml_fidelity_name[k];
        put_value(&p, &fidelity[0].overall[k]);
    }
    for (size_t a = 0; a < study->n_attributes; a++) {
        const fdml_study_attribute *by = &study->attribute[a];
        const fdml_fidelity *f = &fidelity[a];
        p.by = by->name;
        for (size_t i = 0; i < f->n_groups * FDML_FIDELITIES; i++) {
            p.group = by->group[i / FDML_FIDELITIES];
            p.metric = fdml_fidelity_name[i % FDML_FIDELITIES];
            p.section = is_quality ? "quality_group" : "group";
            put_value(&p, &f->of_group[i]);
            p.section = "behind";
            if (!is_quality) put_value(&p, &f->behind[i]);
        }
        p.group = NULL;
        p.section = section;
        for (size_t i = 0; i < FDML_FIDELITIES * FDML_FIDELITY_GAPS; i++) {
            p.metric = fdml_fidelity_name[i / FDML_FIDELITY_GAPS];
            name_gap(section, prefix, i % FDML_FIDELITY_GAPS);
            put_gap(&p, &f->gap[i / FDML_FIDELITY_GAPS][i % FDML_FIDELITY_GAPS], by);
        }
    }
}

static void put_change(place p, const fdml_study *study, const fdml_fidelity_change *change)
{
    char section[64];
    p.section = "change_overall";
    for (size_t k = 0; k < FDML_FIDELITIES; k++) {
        p.metric = fdml_fidelity_name[k];
        put_difference(&p, &change[0].overall[k]);
    }
    for (size_t a = 0; a < study->n_attributes; a++) {
        const fdml_study_attribute *by = &study->attribute[a];
        p.by = by->name;
        p.section = "change_group";
        for (size_t i = 0; i < change[a].n_groups * FDML_FIDELITIES; i++) {
            p.group = by->group[i / FDML_FIDELITIES];
            p.metric = fdml_fidelity_name[i % FDML_FIDELITIES];
            put_difference(&p, &change[a].of_group[i]);
        }
        p.group = NULL;
        p.section = section;
        for (size_t i = 0; i < FDML_FIDELITIES * FDML_FIDELITY_GAPS; i++) {
            p.metric = fdml_fidelity_name[i / FDML_FIDELITY_GAPS];
            name_gap(section, "change_", i % FDML_FIDELITY_GAPS);
            put_difference(&p, &change[a].gap[i / FDML_FIDELITY_GAPS][i % FDML_FIDELITY_GAPS]);
        }
    }
}

/* Of simulate.h; p: box, method, by, group. */
static void put_decisions(place p, const fdml_simulation_group *g)
{
    const struct {
        const char *name;
        double value;
    } item[] = { { "box", g->p_correct_box },
                 { "good", g->p_good },
                 { "alone", g->alone },
                 { "explained", g->explained },
                 { "even", g->even } };
    p.section = "decision";
    for (size_t i = 0; i < sizeof item / sizeof *item; i++) {
        p.metric = item[i].name;
        put_bare(&p, item[i].value, g->why);
    }
}

static void put_simulation(place p, const fdml_study *study, const fdml_simulation *simulation)
{
    static const char *const name[] = { "alone", "explained", "even" };
    put_decisions(p, &simulation[0].overall);
    for (size_t a = 0; a < study->n_attributes; a++) {
        const fdml_simulation *s = &simulation[a];
        const double gap[] = { s->gap.alone, s->gap.explained, s->gap.even };
        p.by = study->attribute[a].name;
        for (size_t g = 0; g < s->n_groups; g++) {
            p.group = study->attribute[a].group[g];
            put_decisions(p, &s->group[g]);
        }
        p.group = NULL;
        p.section = "decision_gap";
        for (size_t i = 0; i < 3; i++) {
            p.metric = name[i];
            put_bare(&p, gap[i], "fewer than two groups have a value");
        }
    }
}

/* --- the study ---------------------------------------------------------------------------- */

static void put_counts(FILE *file, const fdml_study *study)
{
    static const char *const part[FDML_PART_NONE] = { "train", "explain", "validate", "test" };
    const fdml_tabular *t = study->table;
    place p = { .file = file, .section = "count", .metric = "rows" };
    size_t n_positive = 0;
    for (size_t i = 0; i < t->n_rows; i++) n_positive += t->target[i];
    put_bare(&p, (double)t->n_rows, NULL);
    for (size_t i = 0; i < FDML_PART_NONE; i++) {
        p.metric = part[i];
        put_bare(&p, (double)study->n_rows[i], NULL);
    }
    p.section = "target_share";
    p.metric = t->positive;
    put_bare(&p, (double)n_positive / (double)t->n_rows, NULL);
}

static void put_choice(place p, const fdml_study *study, const fdml_study_box *box)
{
    char seed[32];
    for (size_t s = 0; box->choice && s < study->options->n_seeds; s++) {
        const fdml_blackbox_choice *c = &box->choice[s];
        snprintf(seed, sizeof seed, "%llu", (unsigned long long)study->options->seed[s]);
        p.group = seed;
        p.by = "seed";
        p.metric = box->source->kind == FDML_BLACKBOX_MLP ? "units" : "C";
        p.section = "choice";
        put_bare(&p, c->candidate[c->chosen], NULL);
        p.section = "choice_auroc";
        put_bare(&p, c->auroc[c->chosen], "there was nothing to choose from");
    }
}

static void put_information(FILE *file, const fdml_study *study)
{
    static const char *const classifier[] = { "logistic", "mlp" };
    for (size_t i = 0; i < 2 * study->n_information; i++) {
        const fdml_information *info = &study->information[i / 2];
        const fdml_factor *by = &study->table->protected_[info->attribute];
        const place p = {
            file, "information", NULL, NULL, by->name, by->level[info->group], classifier[i % 2]
        };
        const fdml_fidelity_value v = { info->auroc[i % 2], NAN };
        put_value(&p, &v);
    }
}

/* 1: it failed, 0: it passed, empty: undecided, which fails too. */
static void put_gate(FILE *file, const fdml_gate_outcome *gate)
{
    const place p = { .file = file, .section = "gate", .metric = gate->text };
    const char *why = "undecided";
    for (size_t i = 0; i < gate->n_clauses; i++)
        if (gate->clauses[i].why) why = gate->clauses[i].why;
    put_bare(&p, gate->holds == FDML_UNDECIDED ? NAN : (double)(gate->holds == FDML_TRUE), why);
}

fdml_status fdml_study_csv(FILE *file, const fdml_study_report *report, fdml_arena *arena,
                           fdml_error *err)
{
    (void)arena, (void)err;
    const fdml_study *study = report->study;
    fputs("section,black_box,method,by,group,metric,n,value,lo,hi,sd,p,p_holm,worst,why\n",
          file);
    put_counts(file, study);
    for (size_t b = 0; b < study->options->n_sources; b++) {
        const fdml_study_box *box = &study->box[b];
        place p = { .file = file, .box = box->source->name };
        put_choice(p, study, box);
        put_fidelity(p, "quality_", study, box->quality);
        for (size_t m = 0; m < study->options->n_methods; m++) {
            const fdml_study_explained *x = &box->explained[m];
            p.method = x->method->text;
            put_fidelity(p, "", study, x->by);
            if (x->change) put_change(p, study, x->change);
            if (x->simulation) put_simulation(p, study, x->simulation);
        }
    }
    put_information(file, study);
    for (size_t i = 0; i < report->n_gates; i++) put_gate(file, &report->gates[i]);
    return FDML_OK;
}
