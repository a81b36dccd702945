/* separation.c - options, parameters and the choice of kind. See separation.h.
 *
 * SPDX-License-Identifier: MIT */
#include "train/separation.h"

#include <string.h>

#include "train/param_list.h"
#include "train/separation_state.h"

static const struct {
    const char *name;
    fdml_status (*run)(fdml_separation *separation, const fdml_separation_batch *batch,
                       fdml_separation_result *result, fdml_arena *work, fdml_error *err);
} kinds[] = { [FDML_SEPARATION_NONE] = { "none", NULL },
              [FDML_SEPARATION_DIVA] = { "diva", fdml_separation_diva },
              [FDML_SEPARATION_COVARIANCE] = { "covariance", fdml_separation_covariance },
              [FDML_SEPARATION_ADVERSARIAL] = { "adversarial", fdml_separation_adversarial } };

fdml_status fdml_separation_no_memory(size_t n, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "the separation of %zu rows does not fit in memory", n);
}

static bool has_net(const fdml_separation *s)
{
    return s->options.kind == FDML_SEPARATION_DIVA ||
           s->options.kind == FDML_SEPARATION_ADVERSARIAL;
}

fdml_status fdml_separation_new(fdml_separation **separation,
                                const fdml_separation_options *options, fdml_arena *arena,
                                fdml_error *err)
{
    fdml_separation *s = fdml_arena_push_zero(arena, 1, sizeof *s);
    if (!s) return fdml_fail(err, FDML_E_NOMEM, "a separation does not fit in memory");
    s->options = *options;
    if (!s->options.n_hidden) s->options.n_hidden = FDML_SEPARATION_HIDDEN;
    *separation = s;
    if (!has_net(s)) return FDML_OK;
    const bool is_diva = options->kind == FDML_SEPARATION_DIVA;
    const bool is_from_f = !is_diva || options->is_from_class;
    const size_t other = options->is_from_class ? options->z_dim : options->f_dim;
    fdml_linear_options layer = { .n_in = is_from_f ? options->f_dim : options->z_dim,
                                  .n_out = s->options.n_hidden,
                                  .seed = options->seed,
                                  .draw = options->draw,
                                  .kernels = options->kernels,
                                  .n_threads = options->n_threads };
    FDML_TRY(fdml_linear_init(&s->first, &layer, arena, err));
    layer.n_in = s->options.n_hidden;
    layer.n_out = is_diva ? other : options->n_values;
    layer.draw = options->draw + 2;
    return fdml_linear_init(&s->second, &layer, arena, err);
}

fdml_status fdml_separation_params(fdml_separation *s, fdml_params *params, const char *prefix,
                                   const bool *is_idle, fdml_arena *arena, fdml_error *err)
{
    if (!has_net(s)) return FDML_OK;
    const fdml_linear *a = &s->first, *b = &s->second;
    const fdml_param all[] = {
        { .name = "w1", .n = a->n_out * a->n_in, .value = a->weight, .grad = a->weight_grad },
        { .name = "c1", .n = a->n_out, .value = a->bias, .grad = a->bias_grad },
        { .name = "w2", .n = b->n_out * b->n_in, .value = b->weight, .grad = b->weight_grad },
        { .name = "c2", .n = b->n_out, .value = b->bias, .grad = b->bias_grad }
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        fdml_param param = all[i];
        param.lr = s->options.lr;
        param.no_decay = true;
        param.is_idle = is_idle;
        FDML_TRY(fdml_params_add(params, prefix, &param, arena, err));
    }
    return FDML_OK;
}

bool fdml_directions_find(fdml_directions *rows, const fdml_separation *s, const float *x,
                          const size_t shape[2], fdml_arena *work)
{
    *rows = (fdml_directions){ .n = shape[0], .dim = shape[1] };
    rows->unit = fdml_arena_push(work, rows->n, rows->dim * sizeof(float));
    rows->grad = fdml_arena_push(work, rows->n, rows->dim * sizeof(float));
    rows->inverse = fdml_arena_push(work, rows->n, sizeof(float));
    if (!rows->unit || !rows->grad || !rows->inverse) return false;
    fdml_unit_rows(s->options.kernels, rows->unit, rows->inverse, x, rows->n, rows->dim);
    return true;
}

void fdml_directions_return(float *dx, const fdml_directions *rows, float sign)
{
    fdml_unit_rows_backward(dx, rows->grad, rows->unit, rows->inverse, rows->n, rows->dim);
    for (size_t i = 0; i < rows->n * rows->dim; i++) dx[i] *= sign;
}

fdml_status fdml_separation_run(fdml_separation *s, const fdml_separation_batch *batch,
                                fdml_separation_result *result, fdml_arena *work,
                                fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    const fdml_status status = kinds[s->options.kind].run(s, batch, result, work, err);
    fdml_arena_reset(work, mark);
    return status;
}

fdml_status fdml_separation_parse(fdml_separation_kind *kind, const char *name, fdml_error *err)
{
    for (int i = 0; i < FDML_SEPARATION_COUNT; i++)
        if (!strcmp(name, kinds[i].name)) {
            *kind = (fdml_separation_kind)i;
            return FDML_OK;
        }
    return fdml_fail(err, FDML_E_ARG,
                     "separation '%s' is none of: none, diva, covariance, adversarial", name);
}

const char *fdml_separation_name(fdml_separation_kind kind)
{
    return kinds[kind].name;
}
