/* head.c - see head.h.
 *
 * SPDX-License-Identifier: MIT */
#include "train/head.h"

#include "train/param_list.h"

fdml_status fdml_head_init(fdml_head *head, const fdml_linear_options *options, bool is_unit,
                           fdml_arena *arena, fdml_error *err)
{
    head->is_unit = is_unit;
    return fdml_linear_init(&head->linear, options, arena, err);
}

fdml_status fdml_head_params(fdml_head *head, fdml_params *params, const char *prefix,
                             const bool *is_idle, fdml_arena *arena, fdml_error *err)
{
    const fdml_linear *l = &head->linear;
    const fdml_param weight = { .name = "weight",
                                .n = l->n_out * l->n_in,
                                .value = l->weight,
                                .grad = l->weight_grad,
                                .is_idle = is_idle };
    FDML_TRY(fdml_params_add(params, prefix, &weight, arena, err));
    if (!l->bias) return FDML_OK;
    const fdml_param bias = { .name = "bias",
                              .n = l->n_out,
                              .value = l->bias,
                              .grad = l->bias_grad,
                              .is_idle = is_idle };
    return fdml_params_add(params, prefix, &bias, arena, err);
}

fdml_status fdml_head_forward(const fdml_head *head, const fdml_head_rows *rows,
                              fdml_arena *work, fdml_error *err)
{
    const fdml_linear *l = &head->linear;
    FDML_TRY(fdml_linear_forward(l, rows->f, rows->h, rows->n, work, err));
    if (head->is_unit)
        fdml_unit_rows(l->kernels, rows->f, rows->inverse, rows->f, rows->n, l->n_out);
    return FDML_OK;
}

fdml_status fdml_head_backward(fdml_head *head, const fdml_head_rows *rows, const float *df,
                               float *dh, fdml_arena *work, fdml_error *err)
{
    fdml_linear *l = &head->linear;
    if (!head->is_unit) {
        const fdml_linear_rows plain = { .x = rows->h, .dy = df, .dx = dh, .n = rows->n };
        return fdml_linear_backward(l, &plain, work, err);
    }
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    float *du = fdml_arena_push(work, rows->n * l->n_out, sizeof *du);
    if (!du)
        return fdml_fail(err, FDML_E_NOMEM,
                         "the gradients of %zu embeddings do not fit in memory", rows->n);
    fdml_unit_rows_backward(du, df, rows->f, rows->inverse, rows->n, l->n_out);
    const fdml_linear_rows unit = { .x = rows->h, .dy = du, .dx = dh, .n = rows->n };
    const fdml_status status = fdml_linear_backward(l, &unit, work, err);
    fdml_arena_reset(work, mark);
    return status;
}
