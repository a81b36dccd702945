/* train_case.c - see train_case.h.
 *
 * A relative error is ||ours - truth|| / ||truth||. Adam makes a step of about the learning
 * rate of every gradient, however small, so weights whose gradient is mostly rounding errors
 * go to either side, in any float implementation: what the steps added is therefore told
 * beside PyTorch's own float32, and what must hold is 1e-4 of losses and weights, or SPREAD
 * times what PyTorch's float32 is off where that is more: such a network is too deep for its
 * few pixels.
 *
 * Since Adam does not see a factor on a gradient either, gradients are compared too, where a
 * single relu of the last layers that is on its other side, one of a few thousand, is a few
 * percent: GRADIENT finds terms that are missing or counted twice, and the unit tests'
 * differences of small nets the rest.
 *
 * SPDX-License-Identifier: MIT */
#include "train_case.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "base/parallel.h"
#include "engines.h"
#include "model/backbone.h"

#define SPREAD 4.0       /* of the yardstick's error, where that is above the requirement */
#define GRADIENT 0.05    /* of all weights as one */
#define ONE_GRADIENT 0.2 /* of one tensor */
/* Gradients of smaller tensors are 0 but for rounding: of a shift in front of a normalisation,
 * for one. In proportion to all weights'. */
#define NO_GRADIENT 1e-6

enum { WEIGHTS, UPDATE, GRADIENTS, N_KINDS };

/* Sums of squares: of what is off, and of the truth. */
typedef struct distance {
    double off[N_KINDS], of[N_KINDS];
} distance;

typedef struct train_case {
    golden_tally *tally;
    const char *folder, *net, *name;
    double tolerance;
    train_setup setup;
    size_t n_steps;
    fdml_graph graph;
    fdml_weights first, want, peer;
    fdml_arena arena;
} train_case;

static double ratio(const distance *d, int kind)
{
    return d->off[kind] > 0 || isnan(d->off[kind]) ? sqrt(d->off[kind] / d->of[kind]) : 0;
}

static bool is_statistic(const char *name)
{
    return strstr(name, "running_") != NULL;
}

/* --- reading ----------------------------------------------------------------------------- */

static fdml_status open_file(fdml_weights *file, train_case *c, const char *part,
                             fdml_error *err)
{
    char path[FDML_PATH_SIZE];
    snprintf(path, sizeof path, "%.2000s/%.500s_%.50s.safetensors", c->folder, c->name, part);
    const char *kept = fdml_arena_copy_text(&c->arena, path, strlen(path));
    if (!kept) return fdml_fail(err, FDML_E_NOMEM, "%s: no memory", path);
    return fdml_weights_open(file, kept, &c->arena, err);
}

static fdml_status read_npy(fdml_tensor *tensor, train_case *c, const char *part,
                            fdml_error *err)
{
    char path[FDML_PATH_SIZE];
    snprintf(path, sizeof path, "%.2000s/%.500s_%.50s.npy", c->folder, c->name, part);
    return engine_read_npy(tensor, path, &c->arena, err);
}

static fdml_status open_case(train_case *c, fdml_error *err)
{
    static const char *const behind[] = { "head.weight", "head.bias", "loss.beta" };
    FDML_TRY(open_file(&c->first, c, "first", err));
    FDML_TRY(open_file(&c->want, c, "want", err));
    FDML_TRY(open_file(&c->peer, c, "peer", err));
    FDML_TRY(read_npy(&c->setup.x, c, "x", err));
    FDML_TRY(read_npy(&c->setup.target, c, "target", err));
    const size_t *dim = c->setup.x.dim;
    if (c->setup.x.rank != 5 || dim[0] > TRAIN_MAX_STEPS)
        return fdml_fail(err, FDML_E_DATA, "%s: x is not [steps, N, 3, H, W]", c->name);
    c->n_steps = dim[0];
    for (size_t i = 0; i < 3; i++) fdml_weights_skip(&c->first, behind[i]);
    const fdml_backbone_options options = { .height = dim[3], .width = dim[4] };
    FDML_TRY(fdml_backbone_build(&c->graph, c->net, &c->first, &options, &c->arena, err));
    c->setup.graph = &c->graph;
    c->setup.first = &c->first;
    return FDML_OK;
}

/* --- comparing --------------------------------------------------------------------------- */

static void add_square(distance *d, int kind, double off, double of)
{
    d->off[kind] += off * off;
    d->of[kind] += of * of;
}

static fdml_status measure(distance *d, train_case *c, const train_array *a, fdml_error *err)
{
    const size_t size = a->n * sizeof(float);
    const float *first, *update, *gradient;
    char name[256];
    *d = (distance){ 0 };
    FDML_TRY(train_read(&first, &c->first, a->name, size, &c->arena, err));
    snprintf(name, sizeof name, "update/%.200s", a->name);
    FDML_TRY(train_read(&update, &c->want, name, size, &c->arena, err));
    for (size_t i = 0; i < a->n; i++) {
        const double want = (double)first[i] + (double)update[i];
        add_square(d, WEIGHTS, (double)a->after[i] - want, want);
        add_square(d, UPDATE, (double)a->after[i] - want, (double)update[i]);
    }
    if (!a->gradient) return FDML_OK;
    snprintf(name, sizeof name, "gradient/%.200s", a->name);
    FDML_TRY(train_read(&gradient, &c->want, name, size, &c->arena, err));
    for (size_t i = 0; i < a->n; i++)
        add_square(d, GRADIENTS, (double)a->gradient[i] - (double)gradient[i],
                   (double)gradient[i]);
    return FDML_OK;
}

static fdml_status read_peer(const double **peer, train_case *c, const char *name,
                             fdml_error *err)
{
    return train_read(peer, &c->peer, name, N_KINDS * sizeof **peer, &c->arena, err);
}

/* Of several errors the one that is nearest to its limit, or farthest beyond. */
typedef struct verdict {
    const char *name; /* of the tensor */
    double error, limit;
} verdict;

static void add_error(verdict *v, const char *name, double error, double limit)
{
    if (v->name && (isnan(v->error) || error * v->limit <= v->error * limit)) return;
    *v = (verdict){ name, error, limit };
}

static void judge(train_case *c, const char *what, const verdict *v)
{
    char why[256];
    snprintf(why, sizeof why, "%.80s is %.2e off, at most %.1e is allowed", v->name, v->error,
             v->limit);
    golden_report(c->tally, c->name, what, v->error <= v->limit ? NULL : why, v->error);
}

static double limit_of(const train_case *c, double yardstick)
{
    return fmax(c->tolerance, SPREAD * yardstick);
}

/* What was measured: of each tensor, and of all weights and of all statistics as one. */
typedef struct measured {
    const train_outcome *got;
    distance *of;        /* [got->n] */
    const double **peer; /* [got->n], of N_KINDS */
    distance all[2];
} measured;

static fdml_status measure_all(measured *m, train_case *c, const train_outcome *got,
                               fdml_error *err)
{
    *m = (measured){ .got = got };
    m->of = fdml_arena_push(&c->arena, got->n, sizeof *m->of);
    m->peer = fdml_arena_push(&c->arena, got->n, sizeof *m->peer);
    if (!m->of || !m->peer) return fdml_fail(err, FDML_E_NOMEM, "no memory for errors");
    for (size_t i = 0; i < got->n; i++) {
        const train_array *a = &got->array[i];
        distance *d = &m->of[i], *sum = &m->all[is_statistic(a->name)];
        FDML_TRY(measure(d, c, a, err));
        FDML_TRY(read_peer(&m->peer[i], c, a->name, err));
        for (int k = 0; k < N_KINDS; k++) sum->off[k] += d->off[k], sum->of[k] += d->of[k];
        if (c->tally->is_verbose)
            printf("#   %-40s %.1e (%.1e)  update %.1e (%.1e)  gradient %.1e (%.1e)\n", a->name,
                   ratio(d, WEIGHTS), m->peer[i][WEIGHTS], ratio(d, UPDATE), m->peer[i][UPDATE],
                   ratio(d, GRADIENTS), m->peer[i][GRADIENTS]);
    }
    return FDML_OK;
}

static void judge_arrays(train_case *c, const measured *m)
{
    verdict weights = { 0 }, gradients = { 0 }, whole = { 0 };
    const distance *all = &m->all[0];
    for (size_t i = 0; i < m->got->n; i++) {
        const train_array *a = &m->got->array[i];
        const distance *d = &m->of[i];
        add_error(&weights, a->name, ratio(d, WEIGHTS), limit_of(c, m->peer[i][WEIGHTS]));
        if (sqrt(d->of[GRADIENTS] / all->of[GRADIENTS]) >= NO_GRADIENT)
            add_error(&gradients, a->name, ratio(d, GRADIENTS), ONE_GRADIENT);
    }
    judge(c, "weights and statistics", &weights);
    if (c->setup.is_margin) return;
    add_error(&whole, "all of it", ratio(all, GRADIENTS), GRADIENT);
    judge(c, "gradients", &gradients);
    judge(c, "gradient", &whole);
}

static fdml_status compare(train_case *c, const train_outcome *got, fdml_error *err)
{
    const double *want, *of_peer, *peer, *peer_statistics;
    const size_t size = c->n_steps * sizeof *want;
    measured m;
    verdict loss = { 0 };
    FDML_TRY(train_read(&want, &c->want, "loss", size, &c->arena, err));
    FDML_TRY(train_read(&of_peer, &c->peer, "loss", size, &c->arena, err));
    FDML_TRY(read_peer(&peer, c, "weights", err));
    FDML_TRY(read_peer(&peer_statistics, c, "statistics", err));
    FDML_TRY(measure_all(&m, c, got, err));
    double most = 0, most_of_peer = 0;
    for (size_t s = 0; s < c->n_steps; s++) {
        const double error = fabs(got->loss[s] / want[s] - 1);
        add_error(&loss, "the loss", error, limit_of(c, of_peer[s]));
        most = fmax(most, error);
        most_of_peer = fmax(most_of_peer, of_peer[s]);
    }
    printf("# %s, relative errors (of PyTorch in float32): loss %.1e (%.1e), weights %.1e "
           "(%.1e), their update %.1e (%.1e), first gradient %.1e (%.1e), statistics %.1e "
           "(%.1e)\n",
           c->name, most, most_of_peer, ratio(&m.all[0], WEIGHTS), peer[WEIGHTS],
           ratio(&m.all[0], UPDATE), peer[UPDATE], ratio(&m.all[0], GRADIENTS), peer[GRADIENTS],
           ratio(&m.all[1], WEIGHTS), peer_statistics[WEIGHTS]);
    judge(c, "loss", &loss);
    judge_arrays(c, &m);
    return FDML_OK;
}

/* Every tensor that PyTorch has is one of ours; that ours are PyTorch's, measure() has found.
 */
static void count(train_case *c, const train_outcome *got)
{
    static const char prefix[] = "update/";
    size_t n = 0;
    for (size_t i = 0; i < c->want.file.n_tensors; i++)
        n += !strncmp(c->want.file.tensor[i].name, prefix, sizeof prefix - 1);
    char why[128];
    snprintf(why, sizeof why, "%zu of %zu tensors", got->n, n);
    golden_report(c->tally, c->name, "tensors", n == got->n ? NULL : why, 0);
}

static bool are_same(const train_outcome *a, const train_outcome *b)
{
    bool same = a->n == b->n && !memcmp(a->loss, b->loss, sizeof a->loss);
    for (size_t i = 0; same && i < a->n; i++) {
        const train_array *x = &a->array[i], *y = &b->array[i];
        const size_t size = x->n * sizeof(float);
        same = x->n == y->n && !memcmp(x->after, y->after, size) &&
               (!x->gradient || !memcmp(x->gradient, y->gradient, size));
    }
    return same;
}

static fdml_status compare_bits(train_case *c, const train_outcome *got, fdml_error *err)
{
    const fdml_kernels *kernels;
    for (size_t i = 0; (kernels = fdml_kernels_list(i)) != NULL; i++) {
        const fdml_arena_mark mark = fdml_arena_get_mark(&c->arena);
        char by[64];
        train_outcome other;
        c->setup.kernels = kernels;
        c->setup.n_threads = i % 2 ? 1 : 3;
        FDML_TRY(train_run(&other, &c->setup, &c->arena, err));
        snprintf(by, sizeof by, "bits, %.20s, threads: %d", kernels->isa, c->setup.n_threads);
        golden_report(c->tally, c->name, by, are_same(got, &other) ? NULL : "others", 0);
        fdml_arena_reset(&c->arena, mark);
    }
    return FDML_OK;
}

static fdml_status run_case(train_case *c, fdml_error *err)
{
    train_outcome got;
    FDML_TRY(open_case(c, err));
    FDML_TRY(train_run(&got, &c->setup, &c->arena, err));
    const fdml_arena_mark mark = fdml_arena_get_mark(&c->arena);
    FDML_TRY(compare(c, &got, err));
    fdml_arena_reset(&c->arena, mark);
    count(c, &got);
    return compare_bits(c, &got, err);
}

void golden_train(golden_tally *t, const char *folder, const char *const field[GOLDEN_FIELDS])
{
    train_case c = { .tally = t, .folder = folder, .net = field[0], .name = field[1] };
    c.setup.kernels = fdml_kernels_best();
    c.setup.n_threads = fdml_threads_default();
    fdml_error err;
    if (!field[5] || !fdml_number_double(&c.setup.lr, field[4], strlen(field[4])) ||
        !fdml_number_double(&c.tolerance, field[5], strlen(field[5]))) {
        golden_report(t, folder, "train.tsv", "a line without six fields", 0);
        return;
    }
    c.setup.is_frozen = !strcmp(field[2], "frozen");
    c.setup.is_margin = !strcmp(field[3], "margin");
    fdml_arena_init(&c.arena, 0);
    if (run_case(&c, &err)) golden_report(t, c.name, "run", err.text, 0);
    fdml_weights *const file[] = { &c.first, &c.want, &c.peer };
    for (size_t i = 0; i < 3; i++) fdml_weights_close(file[i]);
    fdml_arena_close(&c.arena);
}
