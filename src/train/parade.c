/* parade.c - options, parameters and the embedding. See parade.h; parade_run.c has the step.
 *
 * SPDX-License-Identifier: MIT */
#include "train/parade.h"

#include <string.h>

#include "base/parallel.h"
#include "train/param_list.h"
#include "train/parade_state.h"

enum { MAX_DIM = 65536 };
/* First weights of heads lie beyond any index that a trunk's parameter may have: eight for each
 * head, of which its layer takes two and its separation four. */
#define FIRST_DRAW UINT32_C(0xf0000000)
enum { DRAWS = 8, SEPARATION_DRAW = 2 };

const fdml_attribute_options fdml_attribute_defaults = {
    .alpha = 0.3, .rho = 0.1, .separation = FDML_SEPARATION_DIVA, .detach = true
};

static fdml_status check_size(const char *what, size_t value, size_t most, fdml_error *err)
{
    if (value >= 1 && value <= most) return FDML_OK;
    return fdml_fail(err, FDML_E_ARG, "%s is %zu, expected 1 to %zu", what, value, most);
}

static fdml_status check_weight(const char *name, const char *what, double value,
                                const fdml_schedule *schedule, fdml_error *err)
{
    if (!(value >= 0 && value <= 1e9))
        return fdml_fail(err, FDML_E_ARG, "attribute '%s': %s is %g, expected 0 to 1e9", name,
                         what, value);
    return fdml_schedule_check(schedule, what, err);
}

static fdml_status check_attribute(const fdml_metric_options *o, size_t k, fdml_error *err)
{
    const fdml_attribute_options *a = &o->attribute[k];
    if (!a->name || !*a->name)
        return fdml_fail(err, FDML_E_ARG, "attribute %zu has no name", k + 1);
    for (size_t other = 0; other < k; other++)
        if (!strcmp(o->attribute[other].name, a->name))
            return fdml_fail(err, FDML_E_ARG, "attribute '%s' is named twice", a->name);
    if (a->n_values < 1 || a->n_values >= FDML_ATTRIBUTE_UNKNOWN)
        return fdml_fail(err, FDML_E_ARG, "attribute '%s' has %zu values", a->name,
                         a->n_values);
    if (a->dim) FDML_TRY(check_size("the dimension of an attribute", a->dim, MAX_DIM, err));
    if (a->n_hidden) FDML_TRY(check_size("a separation's hidden", a->n_hidden, MAX_DIM, err));
    if ((unsigned)a->separation >= FDML_SEPARATION_COUNT)
        return fdml_fail(err, FDML_E_ARG, "attribute '%s': separation %d is none of 0 to %d",
                         a->name, (int)a->separation, FDML_SEPARATION_COUNT - 1);
    if (!(a->separation_lr >= 0 && a->separation_lr <= 1e6f))
        return fdml_fail(err, FDML_E_ARG, "attribute '%s': separation_lr is %g", a->name,
                         (double)a->separation_lr);
    if (a->objective && (a->objective->miner.same_attribute_negatives > 0 ||
                         a->objective->miner.other_attribute_positives))
        return fdml_fail(err, FDML_E_ARG,
                         "attribute '%s': its own miner cannot go by an attribute", a->name);
    FDML_TRY(check_weight(a->name, "alpha", a->alpha, &a->alpha_schedule, err));
    return check_weight(a->name, "rho", a->rho, &a->rho_schedule, err);
}

static fdml_status check_options(const fdml_metric_options *o, fdml_error *err)
{
    FDML_TRY(check_size("the number of features", o->n_in, (size_t)1 << 24, err));
    FDML_TRY(check_size("the dimension of the embedding", o->dim, MAX_DIM, err));
    FDML_TRY(check_size("the number of classes", o->n_classes, UINT32_MAX, err));
    if (o->n_attributes > FDML_MAX_HEADS)
        return fdml_fail(err, FDML_E_ARG, "%zu attributes, expected at most %d",
                         o->n_attributes, FDML_MAX_HEADS);
    for (size_t k = 0; k < o->n_attributes; k++) FDML_TRY(check_attribute(o, k, err));
    if (o->objective.miner.same_attribute_negatives > 0 &&
        o->mining_attribute >= o->n_attributes)
        return fdml_fail(err, FDML_E_ARG,
                         "mining goes by attribute %zu, but there are %zu attributes",
                         o->mining_attribute + 1, o->n_attributes);
    return FDML_OK;
}

/* Of head k, 0 being the class head: an objective, and the layer that its embeddings come from.
 */
typedef struct head_plan {
    fdml_objective_options objective;
    uint32_t k;
    size_t dim, n_classes;
} head_plan;

static fdml_status make_objective(fdml_objective **objective, const fdml_metric_options *o,
                                  const head_plan *plan, fdml_arena *arena, fdml_error *err)
{
    fdml_objective_options own = plan->objective;
    own.dim = plan->dim;
    own.n_classes = plan->n_classes;
    own.seed = o->seed;
    own.head = plan->k;
    own.kernels = o->kernels;
    return fdml_objective_new(objective, &own, arena, err);
}

static fdml_status make_head(fdml_head *head, const fdml_metric_options *o,
                             const head_plan *plan, fdml_arena *arena, fdml_error *err)
{
    const fdml_objective_info *info = fdml_objective_find(plan->objective.name, err);
    if (!info) return FDML_E_ARG;
    const fdml_linear_options layer = { .n_in = o->n_in,
                                        .n_out = plan->dim,
                                        .no_bias = o->no_bias,
                                        .seed = o->seed,
                                        .draw = FIRST_DRAW + plan->k * DRAWS,
                                        .kernels = o->kernels,
                                        .n_threads = o->n_threads };
    return fdml_head_init(head, &layer, info->wants_unit_rows, arena, err);
}

/* first + name + last, in the arena. */
static char *join(fdml_arena *arena, const char *first, const char *name, const char *last)
{
    const size_t a = strlen(first), b = strlen(name), c = strlen(last);
    char *text = fdml_arena_push(arena, a + b + c + 1, 1);
    if (!text) return NULL;
    memcpy(text, first, a);
    memcpy(text + a, name, b);
    memcpy(text + a + b, last, c + 1);
    return text;
}

static fdml_status make_names(fdml_attribute_head *a, fdml_arena *arena, fdml_error *err)
{
    a->prefix = join(arena, "attribute.", a->options.name, "");
    a->loss_prefix = join(arena, "attribute.", a->options.name, ".loss");
    a->separation_prefix = join(arena, "separation.", a->options.name, "");
    if (!a->prefix || !a->loss_prefix || !a->separation_prefix)
        return fdml_fail(err, FDML_E_NOMEM, "attribute '%s' does not fit in memory",
                         a->options.name);
    a->options.name = a->prefix + strlen("attribute.");
    return FDML_OK;
}

static fdml_status make_separation(fdml_attribute_head *a, const fdml_metric_options *o,
                                   uint32_t k, fdml_arena *arena, fdml_error *err)
{
    const fdml_separation_options separation = { .kind = a->options.separation,
                                                 .f_dim = o->dim,
                                                 .z_dim = a->options.dim,
                                                 .n_values = a->options.n_values,
                                                 .n_hidden = a->options.n_hidden,
                                                 .lr = a->options.separation_lr,
                                                 .is_from_class = a->options.is_from_class,
                                                 .keeps_z = a->options.keeps_z,
                                                 .is_over_all = a->options.is_over_all,
                                                 .seed = o->seed,
                                                 .draw =
                                                     FIRST_DRAW + k * DRAWS + SEPARATION_DRAW,
                                                 .kernels = o->kernels,
                                                 .n_threads = o->n_threads };
    return fdml_separation_new(&a->separation, &separation, arena, err);
}

static fdml_status make_attribute(fdml_attribute_head *a, const fdml_metric_options *o,
                                  uint32_t k, fdml_arena *arena, fdml_error *err)
{
    a->options = o->attribute[k - 1];
    if (!a->options.dim) a->options.dim = o->dim;
    if (a->options.separation == FDML_SEPARATION_NONE) a->options.rho = 0;
    const bool is_diva = a->options.separation == FDML_SEPARATION_DIVA;
    a->has_head = a->options.alpha > 0 || (is_diva && a->options.rho > 0);
    FDML_TRY(make_names(a, arena, err));
    head_plan plan = { .objective = a->options.objective ? *a->options.objective : o->objective,
                       .k = k,
                       .dim = a->options.dim,
                       .n_classes = a->options.n_values };
    plan.objective.miner.same_attribute_negatives = 0;
    plan.objective.miner.other_attribute_positives = false;
    if (a->has_head) FDML_TRY(make_head(&a->head, o, &plan, arena, err));
    if (a->options.alpha > 0) {
        FDML_TRY(make_objective(&a->objective, o, &plan, arena, err));
        a->loss_params.room = FDML_LOSS_PARAMS;
        a->loss_params.item = fdml_arena_push(arena, FDML_LOSS_PARAMS, sizeof(fdml_param));
        if (!a->loss_params.item)
            return fdml_fail(err, FDML_E_NOMEM, "attribute '%s' does not fit in memory",
                             a->options.name);
        FDML_TRY(
            fdml_objective_params(a->objective, &a->loss_params, a->loss_prefix, arena, err));
    }
    if (a->options.rho > 0) FDML_TRY(make_separation(a, o, k, arena, err));
    a->head_idles = a->loss_idles = a->separation_idles = true;
    return FDML_OK;
}

fdml_status fdml_metric_heads_new(fdml_metric_heads **heads, const fdml_metric_options *options,
                                  fdml_arena *arena, fdml_error *err)
{
    FDML_TRY(check_options(options, err));
    fdml_metric_heads *h = fdml_arena_push_zero(arena, 1, sizeof *h);
    fdml_attribute_head *attribute =
        fdml_arena_push_zero(arena, options->n_attributes, sizeof *attribute);
    if (!h || !attribute)
        return fdml_fail(err, FDML_E_NOMEM, "%zu attributes do not fit in memory",
                         options->n_attributes);
    h->options = *options;
    h->attribute = attribute;
    if (h->options.n_threads < 1) h->options.n_threads = fdml_threads_default();
    const head_plan plan = { options->objective, 0, options->dim, options->n_classes };
    FDML_TRY(make_head(&h->head, &h->options, &plan, arena, err));
    FDML_TRY(make_objective(&h->objective, &h->options, &plan, arena, err));
    for (size_t k = 0; k < options->n_attributes; k++)
        FDML_TRY(make_attribute(&h->attribute[k], &h->options, (uint32_t)k + 1, arena, err));
    h->options.attribute = NULL; /* borrowed until here */
    *heads = h;
    return FDML_OK;
}

fdml_status fdml_metric_heads_params(fdml_metric_heads *h, fdml_params *params,
                                     fdml_arena *arena, fdml_error *err)
{
    FDML_TRY(fdml_head_params(&h->head, params, "head", NULL, arena, err));
    FDML_TRY(fdml_objective_params(h->objective, params, "loss", arena, err));
    for (size_t k = 0; k < h->options.n_attributes; k++) {
        fdml_attribute_head *a = &h->attribute[k];
        if (a->has_head)
            FDML_TRY(fdml_head_params(&a->head, params, a->prefix, &a->head_idles, arena, err));
        for (size_t i = 0; i < a->loss_params.n; i++) {
            fdml_param param = a->loss_params.item[i];
            param.is_idle = &a->loss_idles;
            FDML_TRY(fdml_params_add(params, NULL, &param, arena, err));
        }
        if (a->separation)
            FDML_TRY(fdml_separation_params(a->separation, params, a->separation_prefix,
                                            &a->separation_idles, arena, err));
    }
    return FDML_OK;
}

size_t fdml_metric_heads_dim(const fdml_metric_heads *h)
{
    return h->options.dim;
}

fdml_status fdml_metric_heads_embed(const fdml_metric_heads *h, float *f, const float *x,
                                    size_t n, fdml_arena *work, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    const fdml_head_rows rows = {
        .h = x, .n = n, .f = f, .inverse = fdml_arena_push(work, n, sizeof(float))
    };
    fdml_status status = FDML_OK;
    if (rows.inverse)
        status = fdml_head_forward(&h->head, &rows, work, err);
    else
        status = fdml_fail(err, FDML_E_NOMEM, "%zu embeddings do not fit in memory", n);
    fdml_arena_reset(work, mark);
    return status;
}
