/* test_train_separation.c - the three separations against double precision, finite differences
 * and cases by hand; and the game that diva plays.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "train/optim.h"
#include "train/separation.h"

#include "scratch.h"

enum { N = 6, F = 5, Z = 4, HIDDEN = 7, VALUES = 3, MOST = 8 };
#define RHO 3.5

static const uint32_t label[N] = { 2, 2, 2, 9, 9, 4 }, attribute[N] = { 0, 1, 0, 2, 0, 1 };

static void fill(float *x, size_t n, uint32_t index)
{
    fdml_rng rng;
    fdml_rng_init(&rng, 23, 3, index);
    for (size_t i = 0; i < n; i++) x[i] = (float)fdml_rng_double(&rng) * 2 - 1;
}

/* A separation, its parameters, and f and z; `shift` is added to the number at `shifted`. */
typedef struct world {
    fdml_arena arena;
    fdml_separation_options options;
    fdml_separation *separation;
    fdml_param item[4];
    fdml_params params;
    float f[N * F], z[N * Z], df[N * F], dz[N * Z];
    fdml_separation_result result;
    const float *shifted;
    double shift;
} world;

static void open_world(world *w, fdml_separation_options options)
{
    memset(w, 0, sizeof *w);
    options.f_dim = F, options.z_dim = Z, options.n_values = VALUES;
    options.n_hidden = HIDDEN;
    options.seed = 9, options.draw = 70;
    options.kernels = fdml_kernels_best();
    options.n_threads = 1;
    w->options = options;
    w->params = (fdml_params){ w->item, 0, 4 };
    fdml_arena_init(&w->arena, 0);
    cr_assert_eq(fdml_separation_new(&w->separation, &options, &w->arena, NULL), FDML_OK);
    cr_assert_eq(fdml_separation_params(w->separation, &w->params, "s", NULL, &w->arena, NULL),
                 FDML_OK);
    fill(w->f, N * F, 0);
    fill(w->z, N * Z, 1);
}

static void run(world *w)
{
    const fdml_separation_batch batch = { w->f, w->z, N, label, attribute, RHO };
    memset(w->df, 0xff, sizeof w->df);
    memset(w->dz, 0xff, sizeof w->dz);
    w->result = (fdml_separation_result){ .df = w->df, .dz = w->dz };
    cr_assert_eq(fdml_separation_run(w->separation, &batch, &w->result, &w->arena, NULL),
                 FDML_OK);
}

/* --- L_sep in double --------------------------------------------------------------------- */

static double item(const world *w, const float *x)
{
    return (double)*x + (x == w->shifted ? w->shift : 0);
}

static void unit(double *y, const double *x, size_t n)
{
    double square = 0;
    for (size_t d = 0; d < n; d++) square += x[d] * x[d];
    for (size_t d = 0; d < n; d++) y[d] = x[d] / sqrt(square);
}

static void unit_row(double *y, const world *w, const float *x, size_t n)
{
    for (size_t d = 0; d < n; d++) y[d] = item(w, x + d);
    unit(y, y, n);
}

static void layer(double *y, const world *w, size_t which, const double *x, size_t n_in)
{
    const fdml_param *weight = &w->item[2 * which], *bias = weight + 1;
    for (size_t o = 0; o < bias->n; o++) {
        y[o] = item(w, bias->value + o);
        for (size_t d = 0; d < n_in; d++) y[o] += item(w, weight->value + o * n_in + d) * x[d];
    }
}

/* u of row i, from f or z. */
static void net(double *u, const world *w, bool is_from_f, size_t i)
{
    double x[MOST], hidden[HIDDEN];
    unit_row(x, w, is_from_f ? w->f + i * F : w->z + i * Z, is_from_f ? F : Z);
    layer(hidden, w, 0, x, is_from_f ? F : Z);
    for (size_t p = 0; p < HIDDEN; p++) hidden[p] = fmax(0, hidden[p]);
    layer(u, w, 1, hidden, HIDDEN);
}

static double diva_loss(const world *w)
{
    const bool is_from_f = w->options.is_from_class;
    const size_t dim = is_from_f ? Z : F;
    double sum = 0;
    for (size_t i = 0; i < N; i++) {
        double a[MOST], v[MOST];
        unit_row(a, w, is_from_f ? w->z + i * Z : w->f + i * F, dim);
        net(v, w, is_from_f, i);
        unit(v, v, dim);
        for (size_t d = 0; d < dim; d++) sum += a[d] * v[d] * a[d] * v[d];
    }
    return -RHO * sum / (double)(N * dim);
}

static double adversarial_loss(const world *w)
{
    double loss = 0;
    for (size_t i = 0; i < N; i++) {
        double u[MOST], sum = 0;
        net(u, w, true, i);
        for (size_t c = 0; c < VALUES; c++) sum += exp(u[c]);
        loss += log(sum) - u[attribute[i]];
    }
    return RHO * loss / N;
}

/* C = 1/N sum (f - mean f) (one-hot - mean one-hot)^T, both means over the same rows. */
static double covariance_loss(const world *w)
{
    double f[N][F], c[VALUES][F] = { { 0 } }, square = 0;
    for (size_t i = 0; i < N; i++) unit_row(f[i], w, w->f + i * F, F);
    for (size_t i = 0; i < N; i++) {
        double mean[F] = { 0 }, share[VALUES] = { 0 }, count = 0;
        for (size_t j = 0; j < N; j++) {
            if (!w->options.is_over_all && label[j] != label[i]) continue;
            for (size_t d = 0; d < F; d++) mean[d] += f[j][d];
            share[attribute[j]]++;
            count++;
        }
        for (size_t v = 0; v < VALUES; v++)
            for (size_t d = 0; d < F; d++)
                c[v][d] += (f[i][d] - mean[d] / count) *
                           ((v == attribute[i] ? 1 : 0) - share[v] / count) / N;
    }
    for (size_t v = 0; v < VALUES; v++)
        for (size_t d = 0; d < F; d++) square += c[v][d] * c[v][d];
    return RHO * square;
}

typedef double loss_of(const world *w);

/* Every number's gradient is sign times the slope. */
static void expect_slopes(world *w, loss_of *loss, const float *x, const float *grad, size_t n,
                          double sign)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        w->shifted = x + i;
        w->shift = 1e-5;
        const double above = loss(w);
        w->shift = -1e-5;
        const double slope = sign * (above - loss(w)) / 2e-5;
        w->shift = 0;
        most = fmax(most, fabs(slope));
        cr_assert_float_eq(grad[i], slope, 1e-6, "item %zu: %g, expected %g", i,
                           (double)grad[i], slope);
    }
    cr_assert_gt(most, 1e-4); /* or the comparison says nothing */
}

/* The net's parameters descend L; f and z receive sign_f and sign_z times the gradient. */
static void check(fdml_separation_options options, loss_of *loss, double sign_f, double sign_z)
{
    world w;
    open_world(&w, options);
    run(&w);
    cr_assert_float_eq(w.result.loss, loss(&w), 1e-6);
    for (size_t p = 0; p < w.params.n; p++)
        expect_slopes(&w, loss, w.item[p].value, w.item[p].grad, w.item[p].n, 1);
    expect_slopes(&w, loss, w.f, w.df, N * F, sign_f);
    if (sign_z != 0) expect_slopes(&w, loss, w.z, w.dz, N * Z, sign_z);
    fdml_arena_close(&w.arena);
}

Test(train_separation, diva_has_the_slopes_of_its_formula_reversed_for_the_heads)
{
    check((fdml_separation_options){ .kind = FDML_SEPARATION_DIVA }, diva_loss, -1, -1);
    check((fdml_separation_options){ .kind = FDML_SEPARATION_DIVA, .is_from_class = true },
          diva_loss, -1, -1);
}

Test(train_separation, diva_may_leave_z_alone)
{
    for (int is_from_class = 0; is_from_class < 2; is_from_class++) {
        const fdml_separation_options options = { .kind = FDML_SEPARATION_DIVA,
                                                  .is_from_class = is_from_class == 1,
                                                  .keeps_z = true };
        check(options, diva_loss, -1, 0);
        world w;
        open_world(&w, options);
        run(&w);
        for (size_t i = 0; i < N * Z; i++) cr_assert_eq(w.dz[i], 0);
        fdml_arena_close(&w.arena);
    }
}

Test(train_separation, adversarial_has_the_slopes_of_its_formula_reversed_for_f)
{
    check((fdml_separation_options){ .kind = FDML_SEPARATION_ADVERSARIAL }, adversarial_loss,
          -1, 0);
}

Test(train_separation, covariance_has_the_slopes_of_its_formula)
{
    check((fdml_separation_options){ .kind = FDML_SEPARATION_COVARIANCE }, covariance_loss, 1,
          0);
    check((fdml_separation_options){ .kind = FDML_SEPARATION_COVARIANCE, .is_over_all = true },
          covariance_loss, 1, 0);
}

/* f is e_0 where the attribute is 0 and e_1 where it is 1, half of each. Over all rows C is
 * +-1/4 in four places; with the attribute constant in each class there is nothing within. */
Test(train_separation, covariance_by_hand)
{
    const uint32_t code[4] = { 0, 0, 1, 1 }, own[4] = { 5, 5, 6, 6 };
    const float f[4 * 2] = { 2, 0, 3, 0, 0, 1, 0, 7 };
    float df[4 * 2];
    for (int is_over_all = 0; is_over_all < 2; is_over_all++) {
        fdml_arena arena;
        fdml_arena_init(&arena, 0);
        fdml_separation *s;
        fdml_separation_result result = { .df = df };
        const fdml_separation_options options = { .kind = FDML_SEPARATION_COVARIANCE,
                                                  .f_dim = 2,
                                                  .n_values = 2,
                                                  .is_over_all = is_over_all == 1,
                                                  .kernels = fdml_kernels_best() };
        const fdml_separation_batch batch = {
            .f = f, .n = 4, .label = own, .attribute = code, .rho = 2
        };
        cr_assert_eq(fdml_separation_new(&s, &options, &arena, NULL), FDML_OK);
        cr_assert_eq(fdml_separation_run(s, &batch, &result, &arena, NULL), FDML_OK);
        cr_assert_float_eq(result.measure, is_over_all ? 0.25 : 0, 1e-15);
        cr_assert_float_eq(result.loss, 2 * result.measure, 1e-15);
        fdml_arena_close(&arena);
    }
}

/* --- the order of rows ------------------------------------------------------------------- */

Test(train_separation, goes_with_the_rows_when_they_are_shuffled)
{
    static const size_t from[N] = { 4, 2, 0, 5, 1, 3 };
    for (int kind = FDML_SEPARATION_DIVA; kind < FDML_SEPARATION_COUNT; kind++) {
        world w, other;
        const fdml_separation_options options = { .kind = (fdml_separation_kind)kind };
        open_world(&w, options);
        open_world(&other, options);
        uint32_t own[N], code[N];
        for (size_t i = 0; i < N; i++) {
            memcpy(other.f + i * F, w.f + from[i] * F, F * sizeof(float));
            memcpy(other.z + i * Z, w.z + from[i] * Z, Z * sizeof(float));
            own[i] = 100 - label[from[i]]; /* names of classes and values do not matter */
            code[i] = attribute[from[i]];
        }
        run(&w);
        const fdml_separation_batch batch = { other.f, other.z, N, own, code, RHO };
        other.result = (fdml_separation_result){ .df = other.df, .dz = other.dz };
        cr_assert_eq(
            fdml_separation_run(other.separation, &batch, &other.result, &other.arena, NULL),
            FDML_OK);
        cr_assert_float_eq(w.result.loss, other.result.loss, 1e-6);
        for (size_t i = 0; i < N * F; i++)
            cr_assert_float_eq(other.df[i], w.df[from[i / F] * F + i % F], 1e-6);
        fdml_arena_close(&w.arena);
        fdml_arena_close(&other.arena);
    }
}

/* --- the game ---------------------------------------------------------------------------- */

enum { GAME_ROWS = 64, GAME_DIM = 16, GAME_STEPS = 300 };

/* diva's measure after both sides have moved: the net by its gradients, f by `sign` times what
 * it receives. */
static double play(double sign)
{
    static float f[GAME_ROWS * GAME_DIM], z[GAME_ROWS * GAME_DIM], df[GAME_ROWS * GAME_DIM];
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    fdml_separation *s;
    fdml_optim *optim;
    fdml_param item[8];
    fdml_params params = { item, 0, 8 };
    const fdml_separation_options options = { .kind = FDML_SEPARATION_DIVA,
                                              .f_dim = GAME_DIM,
                                              .z_dim = GAME_DIM,
                                              .n_hidden = 32,
                                              .seed = 4,
                                              .kernels = fdml_kernels_best(),
                                              .n_threads = 1 };
    fdml_optim_options adam = fdml_optim_defaults;
    adam.lr = 1e-4, adam.weight_decay = 0, adam.kernels = fdml_kernels_best();
    adam.n_threads = 1;
    fill(f, GAME_ROWS * GAME_DIM, 2);
    fill(z, GAME_ROWS * GAME_DIM, 3);
    cr_assert_eq(fdml_separation_new(&s, &options, &arena, NULL), FDML_OK);
    cr_assert_eq(fdml_separation_params(s, &params, "s", NULL, &arena, NULL), FDML_OK);
    item[params.n++] = (fdml_param){
        .name = "f", .n = GAME_ROWS * GAME_DIM, .value = f, .grad = df, .lr = 1e-2f
    };
    cr_assert_eq(fdml_optim_new(&optim, &adam, &params, &arena, NULL), FDML_OK);
    const fdml_separation_batch batch = {
        .f = f, .z = z, .n = GAME_ROWS, .rho = GAME_DIM * GAME_DIM
    };
    fdml_separation_result result = { .df = df };
    for (int t = 0; t < GAME_STEPS; t++) {
        cr_assert_eq(fdml_separation_run(s, &batch, &result, &arena, NULL), FDML_OK);
        cr_assert_float_eq(result.measure, -result.loss, 1e-6); /* rho is D^2 */
        for (size_t i = 0; i < GAME_ROWS * GAME_DIM; i++) df[i] *= (float)sign;
        cr_assert_eq(fdml_optim_step(optim, 1, NULL, NULL), FDML_OK);
    }
    fdml_arena_close(&arena);
    return result.measure;
}

Test(train_separation, reversal_brings_the_measure_down_and_its_absence_up)
{
    const double reversed = play(1), still = play(0), helping = play(-1);
    cr_assert_lt(reversed, 0.8, "%g", reversed);
    cr_assert_gt(still, 1.2, "%g", still); /* the net alone finds what there is */
    cr_assert_gt(helping, 3, "%g", helping);
}

/* --- the rest ---------------------------------------------------------------------------- */

Test(train_separation, adversarial_measure_is_1_for_a_net_that_knows_frequencies)
{
    world w;
    open_world(&w, (fdml_separation_options){ .kind = FDML_SEPARATION_ADVERSARIAL });
    for (size_t p = 0; p < w.params.n; p++)
        memset(w.item[p].value, 0, w.item[p].n * sizeof(float));
    for (size_t v = 0; v < VALUES; v++) w.item[3].value[v] = logf((float)(3 - v)); /* 3, 2, 1 */
    run(&w);
    cr_assert_float_eq(w.result.measure, 1, 1e-6);
    for (size_t p = 0; p < w.params.n; p++) {
        cr_assert(w.item[p].no_decay);
        cr_assert_eq(w.item[p].lr, 0);
    }
    cr_assert_str_eq(w.item[0].name, "s.w1");
    cr_assert_str_eq(w.item[3].name, "s.c2");
    fdml_arena_close(&w.arena);
}

Test(train_separation, says_when_memory_is_short)
{
    for (int kind = FDML_SEPARATION_DIVA; kind < FDML_SEPARATION_COUNT; kind++) {
        world w;
        open_world(&w, (fdml_separation_options){ .kind = (fdml_separation_kind)kind });
        run(&w);
        const fdml_separation_batch batch = { w.f, w.z, N, label, attribute, RHO };
        int n_short = 0;
        for (size_t limit = 64;; limit += 64) {
            fdml_arena small;
            fdml_arena_init(&small, limit);
            const fdml_status status =
                fdml_separation_run(w.separation, &batch, &w.result, &small, NULL);
            cr_assert_eq(small.used, 0);
            fdml_arena_close(&small);
            if (status == FDML_OK) break;
            cr_assert_eq(status, FDML_E_NOMEM);
            n_short++;
        }
        cr_assert_gt(n_short, 3);
        fdml_arena_close(&w.arena);
    }
}

Test(train_separation, has_names)
{
    fdml_error err;
    fdml_separation_kind kind;
    for (int i = 0; i < FDML_SEPARATION_COUNT; i++) {
        cr_assert_eq(
            fdml_separation_parse(&kind, fdml_separation_name((fdml_separation_kind)i), NULL),
            FDML_OK);
        cr_assert_eq((int)kind, i);
    }
    scratch_expect_error(fdml_separation_parse(&kind, "grl", &err), &err, FDML_E_ARG,
                         "separation 'grl' is none of: none, diva, covariance, adversarial");
}
