/* train_options.c - see train_options.h.
 * SPDX-License-Identifier: MIT */
#include "train_options.h"

#include <math.h>
#include <string.h>

static void *push(fdml_arena *arena, size_t n, size_t size)
{
    void *memory = fdml_arena_push_zero(arena, n, size);
    if (!memory) cli_die(CLI_EXIT_DATA, "no memory for %zu options", n);
    return memory;
}

/* What stands in front of a mistake in a key: the file, as the user wrote it. */
#define TRY_KEY(call, key, err)                                                                \
    do {                                                                                       \
        if ((call) != FDML_OK) cli_die(CLI_EXIT_DATA, "%s: %s: %s", c->path, key, (err).text); \
    } while (0)

/* --- the objective ---------------------------------------------------------------------- */

static const char *setting_name(const void *ctx, size_t i)
{
    const fdml_objective_info *info = ctx;
    return i < info->n_settings ? info->setting[i].name : NULL;
}

/* key: what stands in front of its name where its value is wrong. */
static void check_setting(const config_setting *s, const fdml_objective_info *info,
                          const char *key)
{
    for (size_t i = 0; i < info->n_settings; i++) {
        const fdml_objective_setting *known = &info->setting[i];
        if (strcmp(known->name, s->name)) continue;
        if (s->value < known->low || s->value > known->high)
            cli_die(CLI_EXIT_DATA, "%s: %s.%s: %g is not from %g to %g", s->place, key, s->name,
                    s->value, known->low, known->high);
        return;
    }
    const char *near = fdml_option_nearest(s->name, setting_name, info);
    if (near)
        cli_die(CLI_EXIT_DATA, "%s: objective %s has no setting '%s'; did you mean '%s'?",
                s->place, info->name, s->name, near);
    cli_die(CLI_EXIT_DATA, "%s: objective %s has no setting '%s' (see --list-objectives)",
            s->place, info->name, s->name);
}

static const fdml_objective_info *find_objective(const config *c, const char *key,
                                                 const char *name)
{
    fdml_error err;
    const fdml_objective_info *info = fdml_objective_find(name ? name : "", &err);
    if (!info) cli_die(CLI_EXIT_DATA, "%s: %s: %s", c->path, key, err.text);
    return info;
}

const fdml_objective_info *train_objective(config *c)
{
    const fdml_objective_info *info = find_objective(c, "objective.name", c->objective.name);
    config_setting all[CONFIG_MAX_SETTINGS];
    for (size_t i = 0; i < c->n_settings; i++) check_setting(&c->setting[i], info, "objective");
    const size_t n =
        info->n_settings < CONFIG_MAX_SETTINGS ? info->n_settings : CONFIG_MAX_SETTINGS;
    for (size_t i = 0; i < n; i++) {
        all[i] = (config_setting){ info->setting[i].name, info->setting[i].value, c->path };
        for (size_t k = 0; k < c->n_settings; k++)
            if (!strcmp(c->setting[k].name, all[i].name)) all[i] = c->setting[k];
    }
    memcpy(c->setting, all, n * sizeof *all);
    c->n_settings = n;
    return info;
}

static fdml_miner_options miner_of(const config *c)
{
    fdml_error err;
    fdml_miner_options miner = fdml_miner_defaults;
    TRY_KEY(fdml_miner_parse(&miner.kind, c->miner.name ? c->miner.name : "", &err),
            "miner.name", err);
    miner.distance_cutoff = (float)c->miner.distance_cutoff;
    miner.rho_positive = (float)c->miner.rho_positive;
    miner.same_attribute_negatives = (float)c->miner.same_attribute_negatives;
    miner.other_attribute_positives = c->miner.other_attribute_positives;
    const bool goes_by_attribute =
        c->miner.same_attribute_negatives > 0 || c->miner.other_attribute_positives;
    if (goes_by_attribute && !c->data.attributes.n)
        cli_die(CLI_EXIT_DATA, "%s: miner.%s needs data.attributes", c->path,
                c->miner.other_attribute_positives ? "other_attribute_positives"
                                                   : "same_attribute_negatives");
    return miner;
}

static fdml_objective_options class_objective(const config *c, fdml_arena *arena)
{
    fdml_objective_setting *setting = push(arena, c->n_settings + 1, sizeof *setting);
    for (size_t i = 0; i < c->n_settings; i++)
        setting[i] = (fdml_objective_setting){ .name = c->setting[i].name,
                                               .value = c->setting[i].value };
    return (fdml_objective_options){ .name = c->objective.name,
                                     .parameter_lr = (float)c->objective.lr,
                                     .miner = miner_of(c),
                                     .setting = setting,
                                     .n_settings = c->n_settings };
}

/* --- attributes ------------------------------------------------------------------------- */

/* "gamma=0.3" of parade.settings. */
static fdml_objective_setting read_setting(const char *text, const fdml_objective_info *info,
                                           const config *c, fdml_arena *arena)
{
    const size_t length = strcspn(text, "=");
    char *name = push(arena, length + 1, 1);
    config_setting setting = { .name = name, .place = c->path };
    memcpy(name, text, length);
    if (!text[length] || !fdml_real_parse(&setting.value, text + length + 1))
        cli_die(CLI_EXIT_DATA, "%s: parade.settings: '%s' is no setting such as gamma=0.3",
                c->path, text);
    check_setting(&setting, info, "parade.settings");
    return (fdml_objective_setting){ .name = name, .value = setting.value };
}

/* Those of [objective] where it is the same, and then its own, which go before them. */
static void set_settings(fdml_objective_options *own, const config_parade *p, const config *c,
                         bool is_same, fdml_arena *arena)
{
    const size_t n_before = is_same ? own->n_settings : 0;
    const fdml_objective_info *info = find_objective(c, "parade.objective", own->name);
    fdml_objective_setting *all = push(arena, n_before + p->settings.n + 1, sizeof *all);
    if (n_before) memcpy(all, own->setting, n_before * sizeof *all);
    for (size_t i = 0; i < p->settings.n; i++)
        all[n_before + i] = read_setting(p->settings.item[i], info, c, arena);
    own->setting = all;
    own->n_settings = n_before + p->settings.n;
}

/* NULL where the attribute head has the class head's objective and nothing of its own. */
static const fdml_objective_options *attribute_objective(const config *c,
                                                         const config_parade *p,
                                                         const fdml_objective_options *of_class,
                                                         fdml_arena *arena)
{
    fdml_error err;
    const bool is_same = !p->objective || !strcmp(p->objective, of_class->name);
    if (is_same && !p->settings.n && !p->miner && !p->objective_lr && !p->other_class_positives)
        return NULL;
    fdml_objective_options *own = push(arena, 1, sizeof *own);
    *own = *of_class;
    own->miner.same_attribute_negatives = 0;
    own->miner.other_attribute_positives = false;
    own->miner.other_class_positives = p->other_class_positives;
    if (!is_same) {
        own->name = p->objective;
        own->parameter_lr = 0;
        own->miner.kind = FDML_MINER_DEFAULT;
    }
    set_settings(own, p, c, is_same, arena);
    if (p->objective_lr > 0) own->parameter_lr = (float)p->objective_lr;
    if (p->miner)
        TRY_KEY(fdml_miner_parse(&own->miner.kind, p->miner, &err), "parade.miner", err);
    return own;
}

static fdml_schedule warm_up(uint64_t steps)
{
    return (fdml_schedule){ .warmup = steps };
}

/* The second choices of keys of [parade], as train_config.def orders them. */
enum { DIRECTION_FROM_CLASS = 1, REVERSE_CLASS = 1, OVER_ROWS = 1 };

static void set_attributes(fdml_metric_options *heads, const config *c, const train_data *data,
                           fdml_arena *arena)
{
    fdml_attribute_options *attribute = push(arena, data->n_attributes + 1, sizeof *attribute);
    for (size_t k = 0; k < data->n_attributes; k++) {
        const config_parade *p = &c->attribute[k];
        attribute[k] = fdml_attribute_defaults;
        attribute[k].name = c->data.attributes.item[k];
        attribute[k].n_values = data->train.attribute[k].n_levels;
        attribute[k].dim = p->dim;
        attribute[k].alpha = p->alpha;
        attribute[k].rho = p->rho;
        attribute[k].alpha_schedule = warm_up(p->warmup_alpha);
        attribute[k].rho_schedule = warm_up(p->warmup_rho);
        attribute[k].separation = (fdml_separation_kind)p->separation;
        attribute[k].is_from_class = p->direction == DIRECTION_FROM_CLASS;
        attribute[k].keeps_z = p->reverse == REVERSE_CLASS;
        attribute[k].is_over_all = p->over == OVER_ROWS;
        attribute[k].n_hidden = p->hidden;
        attribute[k].detach = p->detach;
        attribute[k].separation_lr = (float)p->lr;
        attribute[k].objective = attribute_objective(c, p, &heads->objective, arena);
    }
    heads->attribute = attribute;
    heads->n_attributes = data->n_attributes;
}

/* --- the rest ---------------------------------------------------------------------------- */

fdml_sampler_options train_sampler_options(const config *c)
{
    fdml_error err;
    fdml_sampler_options options = fdml_sampler_defaults;
    TRY_KEY(fdml_sampler_parse(&options.kind, c->sampler.name ? c->sampler.name : "", &err),
            "sampler.name", err);
    TRY_KEY(fdml_balance_parse(&options.balance, c->sampler.balance ? c->sampler.balance : "",
                               &err),
            "sampler.balance", err);
    options.batch = c->train.batch;
    options.per_class = c->sampler.per_class;
    options.distinct_classes = c->sampler.distinct_classes;
    options.seed = c->train.seed;
    if (options.kind == FDML_SAMPLER_GROUP_BALANCED && !c->data.attributes.n)
        cli_die(CLI_EXIT_DATA, "%s: sampler.name: group_balanced needs data.attributes",
                c->path);
    return options;
}

static fdml_schedule schedule_of(const config *c, uint64_t n_steps, fdml_arena *arena)
{
    const fdml_reals *list = &c->schedule.milestones;
    uint64_t *milestone = push(arena, list->n + 1, sizeof *milestone);
    for (size_t i = 0; i < list->n; i++) {
        const double at = list->item[i];
        if (at <= 0)
            cli_die(CLI_EXIT_DATA, "%s: schedule.milestones: %g is not above 0", c->path, at);
        milestone[i] = (uint64_t)(at < 1 ? floor(at * (double)n_steps) : at);
    }
    return (fdml_schedule){ .kind = (fdml_schedule_kind)c->schedule.name,
                            .warmup = c->schedule.warmup,
                            .warmup_from = c->schedule.warmup_from,
                            .n_steps = n_steps,
                            .floor = c->schedule.floor,
                            .gamma = c->schedule.gamma,
                            .milestone = milestone,
                            .n_milestones = list->n };
}

static fdml_optim_options optim_of(const config *c)
{
    return (fdml_optim_options){ .kind = (fdml_optim_kind)c->optimizer.name,
                                 .lr = c->optimizer.lr,
                                 .weight_decay = c->optimizer.weight_decay,
                                 .momentum = c->optimizer.momentum,
                                 .nesterov = c->optimizer.nesterov,
                                 .beta1 = c->optimizer.beta1,
                                 .beta2 = c->optimizer.beta2,
                                 .eps = c->optimizer.eps,
                                 .clip_norm = c->optimizer.clip_norm,
                                 .clip_value = c->optimizer.clip_value };
}

fdml_trainer_options train_trainer_options(const config *c, const train_data *data,
                                           uint64_t n_steps, fdml_arena *arena)
{
    fdml_trainer_options options = {
        .freeze_norm = c->model.freeze_norm,
        .freeze_trunk = c->model.freeze_trunk,
        .heads = { .dim = c->model.dim,
                   .n_classes = data->train.label.n_levels,
                   .objective = class_objective(c, arena),
                   .seed = c->train.seed },
        .optim = optim_of(c),
        .schedule = schedule_of(c, n_steps, arena),
        .keeps_best = data->validation.n > 0,
    };
    set_attributes(&options.heads, c, data, arena);
    return options;
}
