/* train_columns.c - which numbers a run logs, and under which names. See train_run.h.
 *
 * The columns are fixed at the start, since a CSV has one header. Numbers are those of the step
 * itself, not means over the steps since the last line: then a line does not depend on where a
 * run was interrupted.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "train_run.h"

/* Shares of an attribute with more values are noise, and would be most of the log. */
enum { MAX_VALUES = 32, MAX_NAME = TRAIN_LOG_NAME };

enum {
    LOSS,
    LR,
    GRADIENT_NORM,
    TUPLES,
    ACTIVE,
    INTER_CLASS_DISTANCE,
    EPOCH,
    ROWS_PER_SECOND,
    N_FIXED
};
static const char *const fixed_name[N_FIXED] = { "loss",          "lr",
                                                 "gradient_norm", "tuples",
                                                 "active",        "inter_class_distance",
                                                 "epoch",         "rows_per_second" };

enum { P_ALPHA, P_RHO, P_LOSS, P_SEPARATION, P_MEASURE, N_PARADE };
static const char *const parade_name[N_PARADE] = { "alpha", "rho", "loss", "separation",
                                                   "measure" };

static bool has_shares(const train_run *run, size_t k)
{
    return run->data->train.attribute[k].n_levels <= MAX_VALUES;
}

static bool takes_part(const train_run *run, size_t k)
{
    return run->c->attribute[k].alpha > 0 || run->c->attribute[k].rho > 0;
}

static void add(train_run *run, const char *group, const char *attribute, const char *name)
{
    char text[MAX_NAME + 1];
    snprintf(text, sizeof text, "%s%s%s%s%s", group, *group ? "/" : "", attribute,
             *attribute ? "/" : "", name);
    run->column[run->n_columns] = fdml_arena_copy_text(&run->arena, text, strlen(text));
    if (!run->column[run->n_columns++]) cli_die(CLI_EXIT_DATA, "no memory for the log");
}

void train_columns_make(train_run *run)
{
    const train_data *d = run->data;
    const size_t room = N_FIXED + N_SCORES + d->n_attributes * (MAX_VALUES + N_PARADE);
    run->column = fdml_arena_push(&run->arena, room, sizeof *run->column);
    run->value = fdml_arena_push(&run->arena, room, sizeof *run->value);
    if (!run->column || !run->value) cli_die(CLI_EXIT_DATA, "no memory for the log");
    for (size_t i = 0; i < N_FIXED; i++) add(run, "", "", fixed_name[i]);
    for (size_t k = 0; k < d->n_attributes; k++) {
        const fdml_factor *factor = &d->train.attribute[k];
        for (size_t v = 0; has_shares(run, k) && v < factor->n_levels; v++)
            add(run, "share", factor->name, factor->level[v]);
        for (size_t i = 0; takes_part(run, k) && i < N_PARADE; i++)
            add(run, "parade", factor->name, parade_name[i]);
    }
    for (size_t i = 0; d->validation.n && i < N_SCORES; i++)
        add(run, "validation", "", train_score_name[i]);
}

static void clear(train_run *run)
{
    for (size_t i = 0; i < run->n_columns; i++) run->value[i] = NAN;
}

static void fill_shares(const train_run *run, size_t k, double *value)
{
    const size_t n = run->data->train.attribute[k].n_levels;
    for (size_t v = 0; v < n; v++) value[v] = 0;
    for (size_t i = 0; i < run->c->train.batch; i++) value[run->attribute[k][i]] += 1;
    for (size_t v = 0; v < n; v++) value[v] /= (double)run->c->train.batch;
}

static void fill_parade(double *value, const fdml_attribute_result *result)
{
    if (!result->is_active) return;
    value[P_ALPHA] = result->alpha;
    value[P_RHO] = result->rho;
    value[P_LOSS] = result->objective.loss;
    value[P_SEPARATION] = result->separation;
    value[P_MEASURE] = result->measure;
}

void train_columns_step(train_run *run, const fdml_trainer_result *result, double seconds)
{
    const config *c = run->c;
    double *value = run->value;
    clear(run);
    value[LOSS] = result->metric.loss;
    value[LR] = result->lr;
    value[GRADIENT_NORM] = result->optim.norm;
    value[TUPLES] = (double)result->metric.objective.n_tuples;
    value[ACTIVE] = (double)result->metric.objective.n_active;
    value[INTER_CLASS_DISTANCE] = result->metric.inter_class_distance;
    value[EPOCH] = (double)run->place.step / (double)run->epoch_steps;
    value[ROWS_PER_SECOND] = seconds > 0 ? (double)c->train.batch / seconds : NAN;
    size_t at = N_FIXED;
    for (size_t k = 0; k < run->data->n_attributes; k++) {
        if (has_shares(run, k)) {
            fill_shares(run, k, value + at);
            at += run->data->train.attribute[k].n_levels;
        }
        if (!takes_part(run, k)) continue;
        fill_parade(value + at, &result->metric.attribute[k]);
        at += N_PARADE;
    }
}

void train_columns_scores(train_run *run)
{
    clear(run);
    for (size_t i = 0; i < N_SCORES; i++)
        run->value[run->n_columns - N_SCORES + i] = run->scores.value[i];
}

void train_columns_note(char *text, size_t size, const train_run *run,
                        const fdml_trainer_result *result)
{
    size_t used =
        (size_t)snprintf(text, size, "loss %.4f, %zu of %zu active", result->metric.loss,
                         result->metric.objective.n_active, result->metric.objective.n_tuples);
    if (!run->data->n_attributes || !has_shares(run, 0)) return;
    double share[MAX_VALUES];
    const fdml_factor *factor = &run->data->train.attribute[0];
    fill_shares(run, 0, share);
    for (size_t v = 0; v < factor->n_levels && used + 1 < size; v++)
        used += (size_t)snprintf(text + used, size - used, ", %.16s %.0f%%", factor->level[v],
                                 100 * share[v]);
}
