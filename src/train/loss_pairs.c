/* loss_pairs.c - a batch as pairs of rows: who is whose positive and negative, products, and
 * the gradient's way back. See loss.h.
 *
 * Restrictions of the miner options, which every objective of pairs obeys:
 *   other_class_positives      positives of an anchor whose other_label is not the anchor's
 *   other_attribute_positives  positives of another attribute than the anchor's
 *   same_attribute_negatives p with probability p, one draw a batch: negatives of the anchor's
 *                              attribute
 * each for the anchors that have such rows; the others keep all theirs.
 *
 * SPDX-License-Identifier: MIT */
#include "train/loss.h"

#include <string.h>

#include "base/dmath.h"
#include "train/stream.h"

fdml_status fdml_loss_scratch(void *pointer, const fdml_loss_call *call, size_t n, size_t size,
                              fdml_error *err)
{
    void *memory = fdml_arena_push(call->work, n, size);
    if (!memory)
        return fdml_fail(err, FDML_E_NOMEM,
                         "objective '%s': no memory for %zu items of %zu bytes, batch of %zu",
                         call->objective->kind->info.name, n, size, call->n);
    memcpy(pointer, &memory, sizeof memory);
    return FDML_OK;
}

void fdml_loss_draw(fdml_rng *rng, const fdml_loss_call *call, uint32_t index)
{
    const fdml_objective_options *o = &call->objective->options;
    const fdml_train_purpose purpose = o->head ? FDML_TRAIN_MINE_ATTRIBUTE : FDML_TRAIN_MINE;
    fdml_rng_init(rng, o->seed, fdml_train_stream(purpose, call->batch->step),
                  o->head << 24 | index);
}

/* Keeps of a row's candidates those whose key is the anchor's, or is not; if there are any. */
static void restrict_row(unsigned char *row, const uint32_t *key, size_t anchor, bool want_same,
                         size_t n)
{
    bool has_any = false;
    for (size_t j = 0; j < n && !has_any; j++)
        has_any = row[j] && (key[j] == key[anchor]) == want_same;
    if (!has_any) return;
    for (size_t j = 0; j < n; j++) row[j] = row[j] && (key[j] == key[anchor]) == want_same;
}

static bool draws_same_attribute(const fdml_loss_call *call)
{
    fdml_rng rng;
    fdml_loss_draw(&rng, call, FDML_LOSS_DRAW_BATCH);
    return fdml_rng_double(&rng) <
           (double)call->objective->options.miner.same_attribute_negatives;
}

static fdml_status fill_masks(fdml_loss_call *call, fdml_error *err)
{
    const fdml_miner_options *miner = &call->objective->options.miner;
    const fdml_objective_batch *b = call->batch;
    const size_t n = call->n;
    if ((miner->same_attribute_negatives > 0 || miner->other_attribute_positives) &&
        !b->attribute)
        return fdml_fail(
            err, FDML_E_ARG,
            "objective '%s': negatives or positives by attribute need a batch with "
            "attributes",
            call->objective->kind->info.name);
    if (miner->other_class_positives && !b->other_label)
        return fdml_fail(err, FDML_E_ARG,
                         "objective '%s': positives of another class need a batch with other "
                         "labels",
                         call->objective->kind->info.name);
    const bool is_same = miner->same_attribute_negatives > 0 && draws_same_attribute(call);
    for (size_t i = 0; i < n; i++) {
        unsigned char *positive = call->positive + i * n, *negative = call->negative + i * n;
        for (size_t j = 0; j < n; j++) {
            positive[j] = j != i && b->label[j] == b->label[i];
            negative[j] = b->label[j] != b->label[i];
        }
        if (miner->other_class_positives) restrict_row(positive, b->other_label, i, false, n);
        if (miner->other_attribute_positives) restrict_row(positive, b->attribute, i, false, n);
        if (is_same) restrict_row(negative, b->attribute, i, true, n);
    }
    return FDML_OK;
}

fdml_status fdml_loss_prepare(fdml_loss_call *call, fdml_error *err)
{
    const size_t n = call->n, dim = call->dim;
    FDML_TRY(fdml_loss_scratch(&call->positive, call, n * n, 1, err));
    FDML_TRY(fdml_loss_scratch(&call->negative, call, n * n, 1, err));
    FDML_TRY(fdml_loss_scratch(&call->x, call, n * dim, sizeof *call->x, err));
    FDML_TRY(fdml_loss_scratch(&call->gram, call, n * n, sizeof *call->gram, err));
    FDML_TRY(fdml_loss_scratch(&call->coef, call, n * n, sizeof *call->coef, err));
    FDML_TRY(fdml_loss_scratch(&call->offset, call, n, sizeof *call->offset, err));
    FDML_TRY(fdml_loss_scratch(&call->z, call, n, sizeof *call->z, err));
    FDML_TRY(fdml_loss_scratch(&call->w, call, n, sizeof *call->w, err));
    FDML_TRY(fill_masks(call, err));
    for (size_t i = 0; i < n * n; i++) call->coef[i] = 0;
    for (size_t i = 0; i < n; i++) call->offset[i] = 0;
    for (size_t i = 0; i < n * dim; i++) call->x[i] = (double)call->batch->f[i];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++)
            call->gram[i * n + j] = call->gram[j * n + i] =
                fdml_dot(call->x + i * dim, call->x + j * dim, dim);
    return FDML_OK;
}

fdml_status fdml_loss_finish(fdml_loss_call *call, fdml_error *err)
{
    const size_t n = call->n, dim = call->dim;
    double *sum = NULL;
    FDML_TRY(fdml_loss_scratch(&sum, call, dim, sizeof *sum, err));
    for (size_t i = 0; i < n; i++) {
        for (size_t d = 0; d < dim; d++) sum[d] = call->offset[i];
        for (size_t j = 0; j < n; j++) {
            const double c = call->coef[i * n + j], *x = call->x + j * dim;
            if (c == 0) continue; /* most, where triplets are few */
            for (size_t d = 0; d < dim; d++) sum[d] += c * x[d];
        }
        for (size_t d = 0; d < dim; d++) call->df[i * dim + d] = (float)sum[d];
    }
    return FDML_OK;
}

void fdml_loss_divide(fdml_loss_call *call, size_t n)
{
    if (n < 2) return;
    const double scale = 1 / (double)n;
    call->result.loss *= scale;
    for (size_t i = 0; i < call->n * call->n; i++) call->coef[i] *= scale;
    for (size_t i = 0; i < call->n; i++) call->offset[i] *= scale;
}

void fdml_loss_add_norms(fdml_loss_call *call, double weight)
{
    const double each = weight / (double)call->n;
    for (size_t i = 0; i < call->n; i++) {
        const double norm = sqrt(fdml_loss_dot(call, i, i));
        call->result.loss += each * norm;
        if (norm > 0) call->coef[i * call->n + i] += each / norm;
    }
}

double fdml_loss_lse(double *weight, const double *z, size_t n, bool and_one)
{
    double most = and_one ? 0 : -INFINITY;
    for (size_t i = 0; i < n; i++)
        if (z[i] > most) most = z[i];
    double sum = and_one ? fdml_exp(-most) : 0;
    for (size_t i = 0; i < n; i++) sum += weight[i] = fdml_exp(z[i] - most);
    for (size_t i = 0; i < n; i++) weight[i] /= sum;
    return most + fdml_log(sum);
}
