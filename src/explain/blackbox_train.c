/* blackbox_train.c - the black boxes that are trained here, and how one is chosen.
 *
 * A fold's logistic regressions are one task, each starting where the one before ended; every
 * perceptron is a task, the widest first, because a task has one thread. Tasks have arenas of
 * their own.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "explain/blackbox_model.h"
#include "explain/crossval.h"
#include "explain/logit.h"

enum { WHOLE = 255, STREAM = 0x6e6574 };

/* 10^linspace(-5, 1, 25): NumPy's, to 17 digits (numpy.logspace(-5, 1, 25)). */
static const double paper_c[] = {
    1e-05,  1.7782794100389228e-05, 3.1622776601683795e-05, 5.6234132519034914e-05,
    0.0001, 0.00017782794100389227, 0.00031622776601683794, 0.0005623413251903491,
    0.001,  0.0017782794100389228,  0.0031622776601683794,  0.005623413251903491,
    0.01,   0.01778279410038923,    0.03162277660168379,    0.05623413251903491,
    0.1,    0.1778279410038923,     0.31622776601683794,    0.5623413251903491,
    1,      1.7782794100389228,     3.1622776601683795,     5.623413251903491,
    10,
};
static const double paper_width[] = { 50, 100, 200 };

/* Encoded rows. */
typedef struct encoded {
    float *z;               /* [n, dim] */
    uint8_t *y;             /* [n] */
    uint32_t *code, *index; /* [n] y once more, and 0, 1, 2 ..: for the perceptron */
    size_t n, dim;
} encoded;

static fdml_status no_memory(size_t n, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory to train a black box on %zu rows", n);
}

static fdml_status encode_rows(encoded *to, const fdml_encoder *e, const fdml_tabular *t,
                               const uint32_t *row, size_t n, fdml_arena *arena,
                               fdml_error *err)
{
    *to = (encoded){ .n = n, .dim = e->dim };
    to->z = fdml_arena_push(arena, n * e->dim, sizeof *to->z);
    to->y = fdml_arena_push(arena, n, sizeof *to->y);
    to->code = fdml_arena_push(arena, n, sizeof *to->code);
    to->index = fdml_arena_push(arena, n, sizeof *to->index);
    if (!to->z || !to->y || !to->code || !to->index) return no_memory(n, err);
    for (uint32_t i = 0; i < n; i++) {
        fdml_encoder_rows(to->z + i * e->dim, e, t->x + row[i] * t->n_features, 1);
        to->code[i] = to->y[i] = t->target[row[i]];
        to->index[i] = i;
    }
    return FDML_OK;
}

/* m->u: where a logistic regression starts, in `arena` as the rest of the model. */
static fdml_status learn(blackbox_model *m, const encoded *rows, double candidate,
                         uint64_t stream, const fdml_blackbox_options *o, int n_threads,
                         fdml_arena *arena, fdml_error *err)
{
    if (m->kind == FDML_BLACKBOX_LOGISTIC) {
        const fdml_logit_rows listed = { rows->z, rows->y, rows->n, rows->dim };
        fdml_logit fit;
        FDML_TRY(fdml_logit_fit(m->u, &fit, &listed, candidate, n_threads, arena, err));
        m->n_rounds = fit.n_steps;
        m->loss = fit.value;
        return FDML_OK;
    }
    const fdml_samples samples = { .x = rows->z,
                                   .dim = rows->dim,
                                   .code = rows->code,
                                   .n_values = 2,
                                   .row = rows->index,
                                   .n = rows->n };
    fdml_perceptron_options net = fdml_mlp_classifier;
    net.n_hidden = (size_t)candidate;
    net.seed = o->seed;
    net.stream = stream;
    net.workers = (fdml_workers){ o->workers.kernels, n_threads };
    FDML_TRY(fdml_perceptron_fit(&m->net, &samples, &net, arena, err));
    m->n_rounds = m->net.n_epochs;
    m->loss = m->net.loss;
    return FDML_OK;
}

/* --- cross-validation --------------------------------------------------------------------- */

typedef struct search {
    const fdml_tabular *t;
    const fdml_blackbox_options *o;
    const uint32_t *row;
    size_t n;
    const double *candidate;
    size_t n_candidates;
    uint8_t *fold;       /* [n] */
    double *auroc;       /* [n_folds, n_candidates] */
    fdml_status *status; /* [tasks] */
    fdml_error *error;   /* [tasks] */
} search;

typedef struct fold_data {
    encoded train, test;
    double *score; /* [test.n] */
} fold_data;

static fdml_status make_fold(fold_data *f, const search *s, unsigned fold, fdml_arena *arena,
                             fdml_error *err)
{
    uint32_t *train = fdml_arena_push(arena, s->n, sizeof *train);
    uint32_t *test = fdml_arena_push(arena, s->n, sizeof *test);
    f->score = fdml_arena_push(arena, s->n, sizeof *f->score);
    if (!train || !test || !f->score) return no_memory(s->n, err);
    size_t n_train = 0, n_test = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->fold[i] == fold)
            test[n_test++] = s->row[i];
        else
            train[n_train++] = s->row[i];
    }
    fdml_encoder e;
    FDML_TRY(fdml_encoder_fit(&e, s->t, train, n_train, arena, err));
    FDML_TRY(encode_rows(&f->train, &e, s->t, train, n_train, arena, err));
    return encode_rows(&f->test, &e, s->t, test, n_test, arena, err);
}

/* The candidates first .. last - 1 on one fold. */
static fdml_status try_candidates(const search *s, unsigned fold, size_t first, size_t last,
                                  fdml_arena *arena, fdml_error *err)
{
    fold_data f;
    blackbox_model m = { .kind = s->o->kind };
    blackbox_desk d;
    FDML_TRY(make_fold(&f, s, fold, arena, err));
    m.u = fdml_arena_push_zero(arena, f.train.dim + 1, sizeof *m.u);
    if (!m.u) return no_memory(s->n, err);
    for (size_t c = first; c < last; c++) {
        const uint64_t stream = (uint64_t)STREAM << 32 | (uint64_t)c << 8 | fold;
        FDML_TRY(learn(&m, &f.train, s->candidate[c], stream, s->o, 1, arena, err));
        if (!fdml_blackbox_desk_make(&d, &m, f.train.dim, 0, arena))
            return no_memory(s->n, err);
        fdml_blackbox_score(f.score, &m, f.test.z, f.test.n, f.test.dim, &d);
        FDML_TRY(fdml_auroc(&s->auroc[fold * s->n_candidates + c], f.score, f.test.y, f.test.n,
                            arena, err));
    }
    return FDML_OK;
}

static void run_task(void *ctx, size_t task, int thread)
{
    (void)thread;
    const search *s = ctx;
    const unsigned n_folds = s->o->n_folds, fold = (unsigned)(task % n_folds);
    const bool is_path = s->o->kind == FDML_BLACKBOX_LOGISTIC;
    const size_t first = is_path ? 0 : s->n_candidates - 1 - task / n_folds;
    const size_t last = is_path ? s->n_candidates : first + 1;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    s->status[task] = try_candidates(s, fold, first, last, &arena, &s->error[task]);
    fdml_arena_close(&arena);
}

/* mean: [n_candidates] AUROC; the place of the largest. */
static size_t choose(double *mean, const search *s)
{
    size_t best = 0;
    for (size_t c = 0; c < s->n_candidates; c++) {
        double sum = 0;
        for (unsigned f = 0; f < s->o->n_folds; f++) sum += s->auroc[f * s->n_candidates + c];
        mean[c] = sum / s->o->n_folds;
        if (mean[c] > mean[best]) best = c;
    }
    return best;
}

static fdml_status cross_validate(size_t *best, double *mean, search *s, fdml_arena *arena,
                                  fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    const size_t n_folds = s->o->n_folds;
    const size_t n_tasks =
        s->o->kind == FDML_BLACKBOX_LOGISTIC ? n_folds : n_folds * s->n_candidates;
    uint8_t *y = fdml_arena_push(arena, s->n, sizeof *y);
    s->fold = fdml_arena_push(arena, s->n, sizeof *s->fold);
    s->auroc = fdml_arena_push(arena, n_folds * s->n_candidates, sizeof *s->auroc);
    s->status = fdml_arena_push_zero(arena, n_tasks, sizeof *s->status);
    s->error = fdml_arena_push_zero(arena, n_tasks, sizeof *s->error);
    if (!y || !s->fold || !s->auroc || !s->status || !s->error) return no_memory(s->n, err);
    for (size_t i = 0; i < s->n; i++) y[i] = s->t->target[s->row[i]];
    FDML_TRY(fdml_folds_stratified(s->fold, y, s->n, s->o->n_folds, err));
    fdml_parallel(n_tasks, s->o->workers.n_threads, run_task, s);
    for (size_t i = 0; i < n_tasks; i++)
        if (s->status[i] != FDML_OK) {
            if (err) *err = s->error[i];
            return s->status[i];
        }
    *best = choose(mean, s);
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

/* --- the whole -------------------------------------------------------------------------- */

static fdml_status learn_all(blackbox_trained *b, const search *s, size_t chosen,
                             fdml_arena *arena, fdml_error *err)
{
    const int n_threads = s->o->workers.n_threads < 1 ? 1 : s->o->workers.n_threads;
    const uint64_t stream = (uint64_t)STREAM << 32 | (uint64_t)chosen << 8 | WHOLE;
    encoded rows;
    FDML_TRY(fdml_encoder_fit(&b->encoder, s->t, s->row, s->n, arena, err));
    const size_t dim = b->encoder.dim;
    b->model.u = fdml_arena_push_zero(arena, dim + 1, sizeof *b->model.u);
    if (!b->model.u) return no_memory(s->n, err);
    fdml_arena own; /* the rows do not outlive the training */
    fdml_arena_init(&own, arena->limit);
    fdml_status status = encode_rows(&rows, &b->encoder, s->t, s->row, s->n, &own, err);
    if (status == FDML_OK)
        status =
            learn(&b->model, &rows, s->candidate[chosen], stream, s->o, n_threads, arena, err);
    fdml_arena_close(&own);
    return status;
}

static fdml_status check_values(const search *s, fdml_error *err)
{
    size_t n_ones = 0;
    for (size_t i = 0; i < s->n; i++) n_ones += s->t->target[s->row[i]] != 0;
    if (n_ones && n_ones < s->n) return FDML_OK;
    return fdml_fail(err, FDML_E_DATA,
                     "target '%s' has one value in the %zu training rows, expected both",
                     s->t->target_name, s->n);
}

static search choices(const fdml_tabular *t, const uint32_t *row, size_t n,
                      const fdml_blackbox_options *options)
{
    const bool is_logistic = options->kind == FDML_BLACKBOX_LOGISTIC;
    search s = { .t = t, .o = options, .row = row, .n = n };
    s.candidate = options->candidate ? options->candidate : is_logistic ? paper_c : paper_width;
    s.n_candidates = options->candidate ? options->n_candidates
                     : is_logistic      ? sizeof paper_c / sizeof *paper_c
                                        : sizeof paper_width / sizeof *paper_width;
    return s;
}

fdml_status fdml_blackbox_train(fdml_blackbox *b, fdml_blackbox_choice *choice,
                                const fdml_tabular *t, const uint32_t *row, size_t n,
                                const fdml_blackbox_options *options, fdml_arena *arena,
                                fdml_error *err)
{
    search s = choices(t, row, n, options);
    FDML_TRY(check_values(&s, err));
    double *mean = fdml_arena_push(arena, s.n_candidates, sizeof *mean);
    blackbox_trained *made = fdml_arena_push_zero(arena, 1, sizeof *made);
    if (!mean || !made) return no_memory(n, err);
    size_t chosen = 0;
    mean[0] = NAN;
    made->model.kind = options->kind;
    if (s.n_candidates > 1) FDML_TRY(cross_validate(&chosen, mean, &s, arena, err));
    FDML_TRY(learn_all(made, &s, chosen, arena, err));
    *choice = (fdml_blackbox_choice){ .candidate = s.candidate,
                                      .auroc = mean,
                                      .n_candidates = s.n_candidates,
                                      .chosen = chosen,
                                      .n_rounds = made->model.n_rounds,
                                      .loss = made->model.loss };
    return fdml_blackbox_finish(b, made, options->workers, arena, err);
}

/* --- memory ----------------------------------------------------------------------------- */

/* What sizes follow from; widths as large as they can be. */
typedef struct sizes {
    double n, dim, n_features, encoder;
    double fit, model; /* scratch of one training, and what is kept of it */
    double desk;
} sizes;

static double encoded_size(double n, double dim)
{
    return fdml_arena_room(n * dim, sizeof(float)) + fdml_arena_room(n, 1) +
           2 * fdml_arena_room(n, sizeof(uint32_t));
}

static void add_net(sizes *s, double width, const fdml_kernels *kernels)
{
    const double cols = (double)kernels->tile_cols, stride = ceil(width / cols) * cols;
    const double most = fmax(s->dim, width) + 1, lanes = width + FDML_DENSE_LANES;
    fdml_perceptron_options net = fdml_mlp_classifier;
    net.n_hidden = (size_t)width;
    net.workers.kernels = kernels;
    s->fit = (double)fdml_perceptron_size((size_t)s->dim, 2, (size_t)s->n, &net);
    s->model = fdml_arena_room(stride * (s->dim + 1) + cols * (width + 1), sizeof(float)) +
               fdml_arena_room((s->dim + 2) * lanes, sizeof(float)) + 256;
    const double panels = (double)fdml_panels_size(FDML_DENSE_RUN, 1, kernels->tile_rows);
    s->desk += fdml_arena_room(FDML_DENSE_RUN * (stride + cols + width + 1) + panels * most,
                               sizeof(float)) +
               256;
}

static sizes measure(const fdml_tabular *t, size_t n, const fdml_blackbox_options *o,
                     double widest)
{
    const double n_features = (double)t->n_features;
    sizes s = { .n = (double)n, .n_features = n_features };
    s.encoder = fdml_encoder_memory(t);
    for (size_t f = 0; f < t->n_features; f++)
        s.dim += t->feature[f].kind == FDML_NUMERIC ? 1 : t->feature[f].n_levels;
    s.desk = fdml_arena_room(FDML_DENSE_RUN * (s.dim + 1), sizeof(float)) +
             2 * fdml_arena_room(FDML_DENSE_RUN * n_features, sizeof(float));
    s.model = fdml_arena_room(s.dim + 1, sizeof(double));
    if (o->kind == FDML_BLACKBOX_LOGISTIC)
        s.fit = fdml_logit_memory(n, (size_t)s.dim);
    else
        add_net(&s, widest, o->workers.kernels);
    return s;
}

/* The largest task; candidates that share one leave a desk each. */
static double task_size(const sizes *s, const fdml_blackbox_options *o, double n_candidates)
{
    const double n_desks = o->kind == FDML_BLACKBOX_LOGISTIC ? n_candidates : 1;
    const double lists = 3 * fdml_arena_room(s->n, sizeof(uint32_t)) +
                         3 * fdml_arena_room(s->n, sizeof(double)); /* AUROC's among them */
    return lists + s->encoder + encoded_size(s->n, s->dim) + 256 + s->model + s->fit +
           n_desks * s->desk;
}

static double widest_of(const search *all)
{
    double widest = 0;
    for (size_t c = 0; c < all->n_candidates; c++) widest = fmax(widest, all->candidate[c]);
    return widest;
}

static double trained_size(const sizes *s, double n_threads, double n_candidates)
{
    return fdml_arena_room(n_candidates, sizeof(double)) +
           fdml_arena_room(1, sizeof(blackbox_trained)) + s->encoder + s->model +
           n_threads * s->desk + fdml_arena_room(n_threads, sizeof(blackbox_desk));
}

double fdml_blackbox_trained_memory(const fdml_tabular *t, const fdml_blackbox_options *options)
{
    const search all = choices(t, NULL, 0, options);
    const double n_threads = options->workers.n_threads < 1 ? 1 : options->workers.n_threads;
    const sizes s = measure(t, 1, options, widest_of(&all));
    return trained_size(&s, n_threads, (double)all.n_candidates);
}

double fdml_blackbox_train_memory(const fdml_tabular *t, size_t n,
                                  const fdml_blackbox_options *options)
{
    const search all = choices(t, NULL, n, options);
    const double n_threads = options->workers.n_threads < 1 ? 1 : options->workers.n_threads;
    const double n_candidates = (double)all.n_candidates,
                 n_tasks = options->n_folds * n_candidates;
    const sizes s = measure(t, n, options, widest_of(&all));
    const double whole =
        trained_size(&s, n_threads, n_candidates) + encoded_size(s.n, s.dim) + s.fit;
    const double folds = 2 * fdml_arena_room(s.n, 1) +
                         fdml_arena_room(n_tasks, sizeof(double)) +
                         fdml_arena_room(n_tasks, sizeof(fdml_status)) +
                         fdml_arena_room(n_tasks, sizeof(fdml_error)) +
                         fmin(n_threads, n_tasks) * task_size(&s, options, n_candidates) +
                         fdml_arena_room(n_candidates, sizeof(double)) +
                         fdml_arena_room(1, sizeof(blackbox_trained));
    return fmax(whole, all.n_candidates > 1 ? folds : 0);
}
