/* study_plan.c - the memory of a study, before it runs. See study.h.
 *
 * Answers and groups of all black boxes stay, and so do results. Beside them is the largest of
 * what is given back: while the last black box is made and explained (study_plan_work.c), of an
 * interval, of a comparison. Every piece is counted as it is pushed, so that no run takes more
 * than is said, and none is refused for much more than it takes.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "explain/fidelity_change.h"
#include "explain/simulate.h"
#include "explain/study_state.h"

enum { NOTE = 128, MOST_CANDIDATES = 25 }; /* of what methods chose; of the paper's C */

typedef struct planning {
    const fdml_tabular *t;
    const fdml_study_options *o;
    size_t n_rows[FDML_PART_NONE + 1], n_test, n_encoded;
    size_t n_groups[FDML_STUDY_SETS];
    double n_attributes, n_explained; /* sets that are looked at; black boxes by methods */
} planning;

static planning plan(const fdml_tabular *t, const fdml_study_options *o)
{
    planning p = { .t = t, .o = o, .n_explained = (double)(o->n_sources * o->n_methods) };
    for (size_t i = 0; i < t->n_rows; i++) p.n_rows[t->part[i]]++;
    p.n_test = p.n_rows[FDML_PART_TEST];
    for (size_t f = 0; f < t->n_features; f++)
        p.n_encoded += t->feature[f].kind == FDML_NUMERIC ? 1 : t->feature[f].n_levels;
    fdml_study_count_groups(p.n_groups, t, o->with_intersections);
    for (size_t set = 0; set < FDML_STUDY_SETS; set++) p.n_attributes += p.n_groups[set] > 0;
    return p;
}

/* --- what stays --------------------------------------------------------------------------- */

/* Of study.c's prepare. */
static double prepared_memory(double *scratch, const planning *p)
{
    const double n_sources = (double)p->o->n_sources;
    double bytes = fdml_study_groups_memory(scratch, p->n_groups, p->t, p->n_test);
    for (size_t i = 0; i < FDML_PART_NONE; i++)
        bytes += fdml_arena_room((double)p->n_rows[i], sizeof(uint32_t));
    return bytes + fdml_arena_room((double)p->o->n_seeds * (double)p->n_test, sizeof(double)) +
           fdml_arena_room(FDML_STUDY_MOST_WARNINGS, sizeof(char *)) +
           fdml_arena_room(n_sources, sizeof(fdml_study_box)) +
           fdml_arena_room(p->n_explained, sizeof(fdml_study_explained)) +
           fdml_arena_room(p->n_explained * p->n_attributes, sizeof(fdml_fidelity)) +
           fdml_arena_room(n_sources * p->n_attributes, sizeof(fdml_fidelity)) +
           fdml_encoder_memory(p->t) + fdml_lime_data_memory(p->t);
}

/* What all methods say of one black box, and what it says itself. */
static double answers_memory(const planning *p)
{
    const fdml_study_options *o = p->o;
    const double n_seeds = (double)o->n_seeds, n_methods = (double)o->n_methods;
    const double n_candidates = o->candidate ? (double)o->n_candidates : MOST_CANDIDATES;
    double bytes =
        fdml_arena_room(n_seeds, sizeof(fdml_blackbox_choice)) +
        fdml_arena_room(n_methods, sizeof *((study_making *)0)->method) +
        (n_methods + 1) * fdml_arena_room(n_seeds * (double)p->n_test, sizeof(double)) +
        n_methods * fdml_arena_room(n_seeds, sizeof(char *)) +
        n_seeds * fdml_arena_room(n_candidates, 2 * sizeof(double));
    for (size_t m = 0; m < o->n_methods; m++) {
        if (!fdml_method_asks_new_rows(&o->method[m]))
            bytes += n_seeds * fdml_arena_room(NOTE, 1);
        if (o->with_local) bytes += fdml_study_local_memory(p->t, &o->method[m], p->n_test);
    }
    return bytes;
}

static double count_changes(const fdml_study_options *o)
{
    const double n_sources = (double)o->n_sources, n_methods = (double)o->n_methods;
    if (o->other) return n_sources * n_methods;
    if (o->baseline != SIZE_MAX) return n_sources * (n_methods - 1);
    return o->baseline_source != SIZE_MAX ? (n_sources - 1) * n_methods : 0;
}

static double warnings_memory(const planning *p)
{
    const fdml_study_options *o = p->o;
    size_t n = 1 + (o->other ? o->n_sources * o->n_methods : 0);
    for (size_t b = 0; b < o->n_sources; b++)
        if (!o->source[b].outside && o->source[b].kind == FDML_BLACKBOX_MLP) n += o->n_seeds;
    return fmin((double)n, FDML_STUDY_MOST_WARNINGS) * fdml_arena_room(FDML_STUDY_WARNING, 1);
}

/* Of what is measured on one black box. */
static double measured_memory(const planning *p)
{
    double bytes = 0;
    for (size_t set = 0; set < FDML_STUDY_SETS; set++)
        if (p->n_groups[set]) bytes += fdml_fidelity_result_memory(p->n_groups[set]);
    return ((double)p->o->n_methods + 1) * bytes;
}

/* What is made of all results together. */
static double after_memory(const planning *p)
{
    const double n_changes = count_changes(p->o),
                 n_simulated = p->o->with_simulation ? p->n_explained : 0;
    double bytes = n_changes * fdml_arena_room(p->n_attributes, sizeof(fdml_fidelity_change)) +
                   n_simulated * fdml_arena_room(p->n_attributes, sizeof(fdml_simulation));
    for (size_t set = 0; set < FDML_STUDY_SETS; set++) {
        const size_t n = p->n_groups[set];
        if (n)
            bytes += n_changes * fdml_fidelity_change_memory(n) +
                     n_simulated * fdml_simulation_memory(n);
    }
    return bytes;
}

/* --- what is given back ------------------------------------------------------------------- */

/* Of one interval, or of the change of one. */
static double resampling_memory(const planning *p)
{
    const fdml_study_options *o = p->o;
    const fdml_fidelity_options resampling = fdml_study_resampling(o);
    size_t most = 0;
    for (size_t set = 0; set < FDML_STUDY_SETS; set++)
        if (p->n_groups[set] > most) most = p->n_groups[set];
    const double one = fdml_fidelity_memory(p->n_test, most, o->n_seeds, &resampling);
    if (count_changes(o) <= 0) return one;
    return fmax(one, fdml_fidelity_compare_memory(p->n_test, most, o->n_seeds, &resampling));
}

static double information_memory(const planning *p)
{
    const fdml_information_options options = fdml_study_telling(p->o);
    return p->o->with_information ? fdml_information_memory(p->t, &options) : 0;
}

double fdml_study_memory(const fdml_tabular *table, const fdml_study_options *options)
{
    const planning p = plan(table, options);
    const double n_sources = (double)options->n_sources, measured = measured_memory(&p);
    double grouping;
    const double stays =
        prepared_memory(&grouping, &p) + n_sources * answers_memory(&p) + warnings_memory(&p);
    const double explaining =
        (n_sources - 1) * measured + fdml_study_work_memory(table, options, p.n_encoded);
    const size_t n_results = (size_t)(p.n_explained * p.n_attributes);
    const double measuring = n_sources * measured + after_memory(&p) +
                             fmax(fmax(resampling_memory(&p), information_memory(&p)),
                                  fdml_fidelity_correct_memory(n_results));
    return stays + fmax(grouping, fmax(explaining, measuring));
}
