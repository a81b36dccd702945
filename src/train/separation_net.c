/* separation_net.c - the separations that a small net of two layers looks for: u = W2 relu(W1 x
 * + c1) + c2. See separation.h.
 *
 * diva: x = N(z), t = N(f) (or the other way round), v = N(u),
 *   L = -rho / (B D) sum_b sum_d (t_bd v_bd)^2                          (FINDML 4)
 *   and with k = -2 rho / (B D): dL/dt = k t v v, dL/dv = k t t v.
 * adversarial: x = N(f), u are logits of the attribute,
 *   L = rho / B sum_b (log sum_c e^u_bc - u_ba), dL/du = rho / B (softmax(u) - one-hot a).
 *
 * The net's parameters keep these gradients; what goes on into f and z is multiplied by -1
 * (Ganin & Lempitsky, "Unsupervised domain adaptation by backpropagation", ICML 2015).
 *
 * SPDX-License-Identifier: MIT */
#include "train/separation_state.h"

#include "base/dmath.h"

/* Of one batch. */
typedef struct net_run {
    fdml_separation *s;
    fdml_directions x;
    float *hidden, *d_hidden; /* [n, P], behind the relu, and its gradient */
    float *out, *d_out;       /* [n, n_out] */
    fdml_arena *work;
} net_run;

static fdml_status run_forward(net_run *run, fdml_separation *s, const float *x, size_t n,
                               fdml_error *err)
{
    fdml_arena *work = run->work;
    run->s = s;
    const size_t n_hidden = s->first.n_out, n_out = s->second.n_out;
    const size_t shape[2] = { n, s->first.n_in };
    const bool fits = fdml_directions_find(&run->x, s, x, shape, work);
    run->hidden = fdml_arena_push(work, n, n_hidden * sizeof(float));
    run->d_hidden = fdml_arena_push(work, n, n_hidden * sizeof(float));
    run->out = fdml_arena_push(work, n, n_out * sizeof(float));
    run->d_out = fdml_arena_push(work, n, n_out * sizeof(float));
    if (!fits || !run->hidden || !run->d_hidden || !run->out || !run->d_out)
        return fdml_separation_no_memory(n, err);
    FDML_TRY(fdml_linear_forward(&s->first, run->hidden, run->x.unit, n, work, err));
    for (size_t i = 0; i < n * n_hidden; i++)
        if (!(run->hidden[i] > 0)) run->hidden[i] = 0;
    return fdml_linear_forward(&s->second, run->out, run->hidden, n, work, err);
}

/* From d_out: the gradients of the parameters, and dx of what the net was given, reversed; dx
 * NULL: not wanted. */
static fdml_status run_backward(net_run *run, float *dx, fdml_error *err)
{
    const size_t n = run->x.n, n_hidden = run->s->first.n_out;
    const fdml_linear_rows second = {
        .x = run->hidden, .dy = run->d_out, .dx = run->d_hidden, .n = n
    };
    FDML_TRY(fdml_linear_backward(&run->s->second, &second, run->work, err));
    for (size_t i = 0; i < n * n_hidden; i++)
        if (!(run->hidden[i] > 0)) run->d_hidden[i] = 0;
    const fdml_linear_rows first = {
        .x = run->x.unit, .dy = run->d_hidden, .dx = dx ? run->x.grad : NULL, .n = n
    };
    FDML_TRY(fdml_linear_backward(&run->s->first, &first, run->work, err));
    if (dx) fdml_directions_return(dx, &run->x, -1);
    return FDML_OK;
}

/* sum of (t v)^2, and with k the gradients by t and v. */
static double compare(fdml_directions *t, fdml_directions *v, double k)
{
    double sum = 0;
    for (size_t i = 0; i < t->n * t->dim; i++) {
        const double a = (double)t->unit[i], b = (double)v->unit[i];
        sum += (a * b) * (a * b);
        t->grad[i] = (float)(k * a * b * b);
        v->grad[i] = (float)(k * a * a * b);
    }
    return sum;
}

fdml_status fdml_separation_diva(fdml_separation *s, const fdml_separation_batch *batch,
                                 fdml_separation_result *result, fdml_arena *work,
                                 fdml_error *err)
{
    const bool is_from_class = s->options.is_from_class;
    const size_t n = batch->n, dim = s->second.n_out, shape[2] = { n, dim };
    float *dz = s->options.keeps_z ? NULL : result->dz;
    net_run run = { .work = work };
    fdml_directions t, v;
    FDML_TRY(run_forward(&run, s, is_from_class ? batch->f : batch->z, n, err));
    if (!fdml_directions_find(&t, s, is_from_class ? batch->z : batch->f, shape, work) ||
        !fdml_directions_find(&v, s, run.out, shape, work))
        return fdml_separation_no_memory(n, err);

    const double each = batch->rho / ((double)n * (double)dim);
    const double sum = compare(&t, &v, -2 * each);
    result->loss = -each * sum;
    result->measure = sum * (double)dim / (double)n; /* -L D^2 / rho */
    fdml_directions_return(run.d_out, &v, 1);
    FDML_TRY(run_backward(&run, is_from_class ? result->df : dz, err));
    float *dt = is_from_class ? dz : result->df;
    if (dt) fdml_directions_return(dt, &t, -1);
    for (size_t i = 0; s->options.keeps_z && result->dz && i < n * s->options.z_dim; i++)
        result->dz[i] = 0;
    return FDML_OK;
}

/* The cross-entropy of one row, and weight times its gradient. */
static double row_loss(float *grad, const float *logit, const size_t shape[2], double weight)
{
    const size_t n = shape[0], target = shape[1];
    double most = (double)logit[0], sum = 0;
    for (size_t c = 1; c < n; c++)
        if ((double)logit[c] > most) most = (double)logit[c];
    for (size_t c = 0; c < n; c++) sum += fdml_exp((double)logit[c] - most);
    for (size_t c = 0; c < n; c++) {
        const double share = fdml_exp((double)logit[c] - most) / sum;
        grad[c] = (float)(weight * (share - (c == target ? 1 : 0)));
    }
    return fdml_log(sum) - ((double)logit[target] - most);
}

/* Of the values in the batch, in nats: what a constant guess comes to at best. */
static double entropy(const uint32_t *code, size_t n, size_t n_values, size_t *count)
{
    double sum = 0;
    for (size_t c = 0; c < n_values; c++) count[c] = 0;
    for (size_t i = 0; i < n; i++) count[code[i]]++;
    for (size_t c = 0; c < n_values; c++) {
        const double share = (double)count[c] / (double)n;
        if (count[c]) sum -= share * fdml_log(share);
    }
    return sum;
}

fdml_status fdml_separation_adversarial(fdml_separation *s, const fdml_separation_batch *batch,
                                        fdml_separation_result *result, fdml_arena *work,
                                        fdml_error *err)
{
    const size_t n = batch->n, n_values = s->second.n_out;
    net_run run = { .work = work };
    FDML_TRY(run_forward(&run, s, batch->f, n, err));
    size_t *count = fdml_arena_push(work, n_values, sizeof *count);
    if (!count) return fdml_separation_no_memory(n, err);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t shape[2] = { n_values, batch->attribute[i] };
        sum += row_loss(run.d_out + i * n_values, run.out + i * n_values, shape,
                        batch->rho / (double)n);
    }
    const double known = entropy(batch->attribute, n, n_values, count), mean = sum / (double)n;
    result->loss = batch->rho * mean;
    result->measure = known > 0 ? mean / known : 1;
    return run_backward(&run, result->df, err);
}
