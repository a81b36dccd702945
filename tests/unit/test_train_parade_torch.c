/* test_train_parade_torch.c - twenty steps of everything behind the trunk against PyTorch's
 * autograd in double. tests/golden/torch_parade.py makes PyTorch's numbers.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "train/optim.h"

#include "metric_world.h"
#include "torch_parade.h"

enum { STEPS = 20 };

/* first_values() of the script. */
static void set_first_values(float *x, size_t n, size_t index)
{
    for (size_t i = 0; i < n; i++)
        x[i] = ((float)((37 * i + 11 * index + i * i) % 61) - 30) / 64;
}

static void set_codes(metric_world *w)
{
    for (uint32_t i = 0; i < MW_ROWS; i++) {
        w->label[i] = i / 2 % MW_CLASSES;
        w->color[i] = i % 7 ? i * i % MW_COLORS : FDML_ATTRIBUTE_UNKNOWN;
        w->size[i] = i / 5 % MW_SIZES;
    }
}

static void open_world(metric_world *w, fdml_separation_kind kind, double rho)
{
    fdml_metric_options o = metric_options();
    fdml_attribute_options a[2] = { metric_attribute("color"), metric_attribute("size") };
    a[0].alpha = 0.3, a[0].rho = 0.4, a[0].detach = false;
    a[0].rho_schedule.warmup = 5;
    a[1].alpha = 0.2, a[1].rho = rho, a[1].separation = kind;
    a[0].separation_lr = a[1].separation_lr = 5e-3f;
    o.objective.parameter_lr = 5e-4f;
    o.attribute = a, o.n_attributes = 2;
    metric_open(w, &o);
    set_codes(w);
    w->item[w->params.n++] =
        (fdml_param){ .name = "h", .n = MW_ROWS * MW_IN, .value = w->h, .grad = w->dh };
    for (size_t p = 0; p < w->params.n; p++)
        set_first_values(w->item[p].value, w->item[p].n, p);
}

/* Floats against doubles: 3e-7 was seen of weights that move by 0.2. */
static void expect_torch(metric_world *w, const double loss[STEPS], const double *value,
                         size_t n_values)
{
    fdml_optim *optim;
    fdml_optim_options adam = fdml_optim_defaults;
    adam.lr = 1e-2, adam.kernels = fdml_kernels_best(), adam.n_threads = 1;
    cr_assert_eq(fdml_optim_new(&optim, &adam, &w->params, &w->arena, NULL), FDML_OK);
    for (w->step = 0; w->step < STEPS; w->step++) {
        metric_run(w);
        cr_assert_float_eq(w->result.loss, loss[w->step], 1e-5, "step %d: %.9g, expected %.9g",
                           (int)w->step, w->result.loss, loss[w->step]);
        cr_assert_eq(fdml_optim_step(optim, 1, NULL, NULL), FDML_OK);
    }
    size_t at = 0;
    for (size_t p = 0; p < w->params.n; p++)
        for (size_t i = 0; i < w->item[p].n; i++, at++)
            if (at % 7 == 0)
                cr_assert_float_eq(w->item[p].value[i], value[at / 7], 3e-6,
                                   "%s[%zu]: %.9g, expected %.9g", w->item[p].name, i,
                                   (double)w->item[p].value[i], value[at / 7]);
    cr_assert_eq((at + 6) / 7, n_values);
    metric_close(w);
}

Test(train_parade_torch, diva_and_a_probe_go_where_pytorch_goes)
{
    metric_world w;
    open_world(&w, FDML_SEPARATION_ADVERSARIAL, 0.5);
    expect_torch(&w, torch_parade_probe_loss, torch_parade_probe_values,
                 sizeof torch_parade_probe_values / sizeof *torch_parade_probe_values);
}

Test(train_parade_torch, diva_and_a_covariance_go_where_pytorch_goes)
{
    metric_world w;
    open_world(&w, FDML_SEPARATION_COVARIANCE, 8);
    expect_torch(&w, torch_parade_covariance_loss, torch_parade_covariance_values,
                 sizeof torch_parade_covariance_values /
                     sizeof *torch_parade_covariance_values);
}
