/* parade_run.c - one step behind the trunk. See parade.h.
 *
 * The class head goes forward and to its loss; each attribute adds to df what its separation
 * sends; then the class head goes back. What heads that are not detached send into h is summed
 * apart and added last. Where no attribute is active nothing is added at all, not even zeros:
 * the bits are those of a run without attributes.
 *
 * SPDX-License-Identifier: MIT */
#include "train/parade.h"

#include <math.h>
#include <string.h>

#include "train/parade_state.h"
#include "train/row_groups.h"

static const double HEAVY =
    0.3; /* rho / D^2 above which the study saw the embedding collapse */

typedef struct step {
    fdml_metric_heads *heads;
    const fdml_metric_batch *batch;
    fdml_head_rows rows; /* of the class head */
    float *df;           /* [n, dim] */
    float *extra;        /* [n, n_in]: what attribute heads send into h; NULL: nothing */
    bool wants_dh;
    fdml_metric_result *result;
    fdml_arena *work;
} step;

static fdml_status no_memory(size_t n, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM,
                     "a step of %zu rows behind the trunk does not fit in memory", n);
}

static void add(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

static void scale(float *y, size_t n, double by)
{
    for (size_t i = 0; i < n; i++) y[i] *= (float)by;
}

static fdml_status check_batch(const fdml_metric_heads *h, const fdml_metric_batch *batch,
                               fdml_error *err)
{
    for (size_t i = 0; i < batch->n; i++)
        if (batch->label[i] >= h->options.n_classes)
            return fdml_fail(err, FDML_E_DATA,
                             "row %zu has class %u, but there are %zu classes", i,
                             batch->label[i], h->options.n_classes);
    for (size_t k = 0; k < h->options.n_attributes; k++) {
        const fdml_attribute_options *a = &h->attribute[k].options;
        if (!batch->attribute && (a->alpha > 0 || a->rho > 0))
            return fdml_fail(err, FDML_E_ARG, "attribute '%s' has no codes", a->name);
        for (size_t i = 0; i < batch->n && batch->attribute; i++) {
            const uint32_t code = batch->attribute[k][i];
            if (code >= a->n_values && code != FDML_ATTRIBUTE_UNKNOWN)
                return fdml_fail(err, FDML_E_DATA,
                                 "row %zu has value %u of attribute '%s', which has %zu", i,
                                 code, a->name, a->n_values);
        }
    }
    return FDML_OK;
}

/* --- the rows of an attribute ------------------------------------------------------------ */

/* The rows of the batch whose code is known, and what is computed of them. */
typedef struct known {
    size_t n;
    const uint32_t *row; /* [n] in the batch; NULL: all, and nothing was copied */
    const uint32_t *label, *code;
    const float *f;
    fdml_head_rows z;
    float *dz;   /* [n, dim of z] */
    float *sent; /* [n, n_in or dim of f]: on its way into h or df */
} known;

static const float *take_floats(const float *x, size_t dim, const known *rows, fdml_arena *work)
{
    float *y = fdml_arena_push(work, rows->n, dim * sizeof *y);
    for (size_t i = 0; i < rows->n && y; i++)
        memcpy(y + i * dim, x + rows->row[i] * dim, dim * sizeof *y);
    return y;
}

static const uint32_t *take_codes(const uint32_t *x, const known *rows, fdml_arena *work)
{
    uint32_t *y = fdml_arena_push(work, rows->n, sizeof *y);
    for (size_t i = 0; i < rows->n && y; i++) y[i] = x[rows->row[i]];
    return y;
}

static bool find_known(known *rows, const step *s, size_t k, size_t n_known)
{
    const fdml_metric_batch *batch = s->batch;
    const fdml_metric_options *o = &s->heads->options;
    const uint32_t *code = batch->attribute[k];
    fdml_arena *work = s->work;
    *rows = (known){ .n = n_known };
    if (n_known == batch->n) {
        rows->label = batch->label, rows->code = code;
        rows->f = s->rows.f, rows->z.h = batch->h;
        return true;
    }
    uint32_t *row = fdml_arena_push(work, n_known, sizeof *row);
    if (!row) return false;
    for (size_t i = 0, at = 0; i < batch->n; i++)
        if (code[i] != FDML_ATTRIBUTE_UNKNOWN) row[at++] = (uint32_t)i;
    rows->row = row;
    rows->label = take_codes(batch->label, rows, work);
    rows->code = take_codes(code, rows, work);
    rows->f = take_floats(s->rows.f, o->dim, rows, work);
    rows->z.h = take_floats(batch->h, o->n_in, rows, work);
    return rows->label && rows->code && rows->f && rows->z.h;
}

/* y [batch, dim] += what was sent, each row to its place. */
static void send(float *y, const known *rows, size_t dim)
{
    if (!rows->row) add(y, rows->sent, rows->n * dim);
    for (size_t i = 0; i < rows->n && rows->row; i++)
        add(y + rows->row[i] * dim, rows->sent + i * dim, dim);
}

/* --- an attribute ------------------------------------------------------------------------ */

/* alpha L_dml(z; a): sets dz. */
static fdml_status run_objective(step *s, fdml_attribute_head *a, known *rows,
                                 fdml_attribute_result *result, fdml_error *err)
{
    const fdml_objective_batch batch = { .f = rows->z.f,
                                         .n = rows->n,
                                         .label = rows->code,
                                         .other_label = rows->label,
                                         .step = s->batch->step };
    FDML_TRY(
        fdml_objective_run(a->objective, &batch, rows->dz, &result->objective, s->work, err));
    scale(rows->dz, rows->n * a->options.dim, result->alpha);
    for (size_t i = 0; i < a->loss_params.n; i++)
        scale(a->loss_params.item[i].grad, a->loss_params.item[i].n, result->alpha);
    s->result->loss += result->alpha * result->objective.loss;
    return FDML_OK;
}

/* L_sep: adds to df and dz. */
static fdml_status run_separation(step *s, fdml_attribute_head *a, known *rows,
                                  fdml_attribute_result *result, fdml_error *err)
{
    const size_t dim = s->heads->options.dim, n_z = rows->n * a->options.dim;
    const bool sends_z = a->options.separation == FDML_SEPARATION_DIVA && !a->options.keeps_z;
    fdml_separation_result part = { 0 };
    part.df = fdml_arena_push(s->work, rows->n, dim * sizeof(float));
    if (sends_z) part.dz = fdml_arena_push(s->work, n_z, sizeof(float));
    if (!part.df || (sends_z && !part.dz)) return no_memory(rows->n, err);
    const fdml_separation_batch batch = { .f = rows->f,
                                          .z = rows->z.f,
                                          .n = rows->n,
                                          .label = rows->label,
                                          .attribute = rows->code,
                                          .rho = result->rho };
    FDML_TRY(fdml_separation_run(a->separation, &batch, &part, s->work, err));
    rows->sent = part.df;
    send(s->df, rows, dim);
    if (sends_z) add(rows->dz, part.dz, n_z);
    result->separation = part.loss;
    result->measure = part.measure;
    s->result->loss += part.loss;
    return FDML_OK;
}

/* Back through z's head, and into h where that is not detached. */
static fdml_status return_z(step *s, fdml_attribute_head *a, known *rows, fdml_error *err)
{
    const size_t n_in = s->heads->options.n_in;
    const bool is_wanted = s->extra && !a->options.detach;
    rows->sent = NULL;
    if (is_wanted) {
        rows->sent = fdml_arena_push(s->work, rows->n, n_in * sizeof(float));
        if (!rows->sent) return no_memory(rows->n, err);
    }
    FDML_TRY(fdml_head_backward(&a->head, &rows->z, rows->dz, rows->sent, s->work, err));
    if (rows->sent) send(s->extra, rows, n_in);
    return FDML_OK;
}

/* This step's alpha and rho, and who idles. */
static void find_weights(fdml_attribute_result *result, fdml_attribute_head *a, const step *s)
{
    const fdml_attribute_options *o = &a->options;
    const uint64_t at = s->batch->step;
    const bool is_diva = o->separation == FDML_SEPARATION_DIVA;
    const double dim = (double)(o->is_from_class ? o->dim : s->heads->options.dim);
    result->alpha = o->alpha * fdml_schedule_factor(&o->alpha_schedule, at);
    result->rho = o->rho * fdml_schedule_factor(&o->rho_schedule, at);
    result->is_heavy = is_diva && result->rho > HEAVY;
    if (is_diva) result->rho *= dim * dim;
    result->is_active = (result->alpha > 0 || result->rho > 0) && result->n_rows > 0;
    a->loss_idles = !(result->is_active && result->alpha > 0);
    a->separation_idles = !(result->is_active && result->rho > 0);
    a->head_idles = a->loss_idles && (a->separation_idles || !is_diva || o->keeps_z);
}

static fdml_status run_active(step *s, size_t k, fdml_error *err)
{
    fdml_attribute_head *a = &s->heads->attribute[k];
    fdml_attribute_result *result = &s->result->attribute[k];
    known rows;
    if (!find_known(&rows, s, k, result->n_rows)) return no_memory(s->batch->n, err);
    if (a->has_head) {
        const size_t n_z = rows.n * a->options.dim;
        float *z = fdml_arena_push(s->work, n_z, sizeof *z);
        float *inverse = fdml_arena_push(s->work, rows.n, sizeof *inverse);
        rows.dz = fdml_arena_push_zero(s->work, n_z, sizeof(float));
        if (!z || !inverse || !rows.dz) return no_memory(s->batch->n, err);
        rows.z = (fdml_head_rows){ rows.z.h, rows.n, z, inverse };
        FDML_TRY(fdml_head_forward(&a->head, &rows.z, s->work, err));
    }
    if (!a->loss_idles) FDML_TRY(run_objective(s, a, &rows, result, err));
    if (!a->separation_idles) FDML_TRY(run_separation(s, a, &rows, result, err));
    return a->head_idles ? FDML_OK : return_z(s, a, &rows, err);
}

static fdml_status run_attribute(step *s, size_t k, fdml_error *err)
{
    fdml_attribute_head *a = &s->heads->attribute[k];
    fdml_attribute_result *result = &s->result->attribute[k];
    *result = (fdml_attribute_result){ 0 };
    for (size_t i = 0; i < s->batch->n && s->batch->attribute; i++)
        result->n_rows += s->batch->attribute[k][i] != FDML_ATTRIBUTE_UNKNOWN;
    find_weights(result, a, s);
    if (!result->is_active) return FDML_OK;
    const size_t n_h = s->batch->n * s->heads->options.n_in;
    if (s->wants_dh && !a->options.detach && !s->extra) {
        s->extra = fdml_arena_push_zero(s->work, n_h, sizeof(float));
        if (!s->extra) return no_memory(s->batch->n, err);
    }
    const fdml_arena_mark mark = fdml_arena_get_mark(s->work);
    const fdml_status status = run_active(s, k, err);
    fdml_arena_reset(s->work, mark);
    return status;
}

/* --- the step ---------------------------------------------------------------------------- */

/* Sum over pairs i < j of |x_i - x_j|^2, from n, sum |x_i|^2 and sum x_i. */
static double pair_sum(double n, double square, const double *sum, size_t dim)
{
    double norm = 0;
    for (size_t d = 0; d < dim; d++) norm += sum[d] * sum[d];
    return n * square - norm;
}

/* All pairs less those of one class. */
static fdml_status find_distance(step *s, fdml_error *err)
{
    const size_t n = s->batch->n, dim = s->heads->options.dim, shape[2] = { n, dim };
    fdml_row_groups all, classes;
    double *x = fdml_arena_push(s->work, n, dim * sizeof *x);
    double *sum = fdml_arena_push(s->work, n + 1, dim * sizeof *sum);
    double *square = fdml_arena_push_zero(s->work, n, sizeof *square), total = 0;
    float *inverse = fdml_arena_push(s->work, n, sizeof *inverse);
    if (!x || !sum || !square || !inverse || !fdml_row_groups_find(&all, NULL, n, s->work) ||
        !fdml_row_groups_find(&classes, s->batch->label, n, s->work))
        return no_memory(n, err);
    s->heads->options.kernels->inverse_norms(inverse, s->rows.f, n, dim);
    for (size_t i = 0; i < n; i++)
        for (size_t d = 0; d < dim; d++) {
            const double v = (double)s->rows.f[i * dim + d] * (double)inverse[i];
            x[i * dim + d] = v;
            square[classes.group[i]] += v * v;
        }
    double distance = 0, n_pairs = (double)n * ((double)n - 1) / 2;
    fdml_row_groups_sum(sum, x, &classes, shape);
    for (size_t c = 0; c < classes.n_groups; c++) {
        const double count = (double)classes.count[c];
        distance -= pair_sum(count, square[c], sum + c * dim, dim);
        n_pairs -= count * (count - 1) / 2;
        total += square[c];
    }
    fdml_row_groups_sum(sum, x, &all, shape);
    distance += pair_sum((double)n, total, sum, dim);
    s->result->inter_class_distance = n_pairs > 0 ? fmax(0, distance / n_pairs) : NAN;
    return FDML_OK;
}

static fdml_status run_class(step *s, fdml_error *err)
{
    const fdml_metric_options *o = &s->heads->options;
    const fdml_metric_batch *batch = s->batch;
    FDML_TRY(fdml_head_forward(&s->heads->head, &s->rows, s->work, err));
    const bool has_attribute = batch->attribute && o->mining_attribute < o->n_attributes;
    const fdml_objective_batch mine = { .f = s->rows.f,
                                        .n = batch->n,
                                        .label = batch->label,
                                        .attribute = has_attribute
                                                         ? batch->attribute[o->mining_attribute]
                                                         : NULL,
                                        .step = batch->step };
    FDML_TRY(fdml_objective_run(s->heads->objective, &mine, s->df, &s->result->objective,
                                s->work, err));
    s->result->loss = s->result->objective.loss;
    return FDML_OK;
}

static fdml_status run_step(step *s, float *dh, fdml_error *err)
{
    const fdml_metric_options *o = &s->heads->options;
    const size_t n = s->batch->n;
    FDML_TRY(check_batch(s->heads, s->batch, err));
    float *f = fdml_arena_push(s->work, n, o->dim * sizeof *f);
    float *inverse = fdml_arena_push(s->work, n, sizeof *inverse);
    s->df = fdml_arena_push(s->work, n, o->dim * sizeof(float));
    if (!f || !inverse || !s->df) return no_memory(n, err);
    s->rows = (fdml_head_rows){ s->batch->h, n, f, inverse };
    FDML_TRY(run_class(s, err));
    for (size_t k = 0; k < o->n_attributes; k++) FDML_TRY(run_attribute(s, k, err));
    FDML_TRY(fdml_head_backward(&s->heads->head, &s->rows, s->df, dh, s->work, err));
    if (s->extra) add(dh, s->extra, n * o->n_in);
    return find_distance(s, err);
}

fdml_status fdml_metric_heads_run(fdml_metric_heads *heads, const fdml_metric_batch *batch,
                                  float *dh, fdml_metric_result *result, fdml_arena *work,
                                  fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    step s = {
        .heads = heads, .batch = batch, .wants_dh = dh != NULL, .result = result, .work = work
    };
    const fdml_status status = run_step(&s, dh, err);
    fdml_arena_reset(work, mark);
    return status;
}
