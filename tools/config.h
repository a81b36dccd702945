/* config.h - the configuration of a training run: an INI file and what overrides it.
 *
 * One table (train_config.def) says every key with its default, limits and help; reading,
 * --print-config, RUN/config.ini and the comparison of a continued run with its beginning all
 * follow from it. Two families of keys are not in the table: the settings of the objective
 * ([objective] gamma = 0.2), which belong to the objective that is named, and sections
 * [parade.COLUMN], which override [parade] for one attribute.
 *
 * The only owner of inih is config.c. A value is one line of at most CONFIG_LINE bytes with its
 * key; " ;" in it begins a comment.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_CONFIG_H
#define FDML_TOOLS_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

#include "base/option.h"

enum { CONFIG_MAX_ATTRIBUTES = 6, CONFIG_MAX_SETTINGS = 64 };
enum { CONFIG_LINE = 190 }; /* inih's lines have 200 bytes, in any build of it */

typedef struct config_parade {
    double alpha, rho;
    int separation, direction, reverse, over;
    uint64_t dim;
    const char *objective, *miner;
    double objective_lr;
    fdml_texts settings; /* "gamma=0.3" */
    uint64_t warmup_alpha, warmup_rho, hidden;
    double lr;
    int detach, other_class_positives, shuffle_attribute;
} config_parade;

/* A setting of the objective, as it was written. */
typedef struct config_setting {
    const char *name;
    double value;
    const char *place; /* "exp.ini:12", "--set", for messages */
} config_setting;

typedef struct config {
    struct {
        const char *images, *embeddings, *labels, *label, *path;
        fdml_texts attributes;
        int missing_attribute; /* 0 error, 1 group */
        const char *split;
        int zero_shot;
        double validation, minority_classes, minority_keep;
        int skip_bad;
        size_t cache;
    } data;
    struct {
        const char *backbone, *weights;
        uint64_t hidden, size, dim;
        int freeze_norm, freeze_trunk;
    } model;
    struct {
        const char *name;
        double lr;
    } objective;
    struct {
        const char *name;
        double distance_cutoff, rho_positive, same_attribute_negatives;
        int other_attribute_positives;
    } miner;
    struct {
        const char *name;
        uint64_t per_class;
        int distinct_classes;
        const char *balance;
    } sampler;
    config_parade parade;
    struct {
        int name; /* fdml_optim_kind */
        double lr, weight_decay, momentum;
        int nesterov;
        double beta1, beta2, eps, clip_norm, clip_value;
    } optimizer;
    struct {
        int name; /* fdml_schedule_kind */
        uint64_t warmup;
        double warmup_from;
        fdml_reals milestones;
        double gamma, floor;
    } schedule;
    struct {
        uint64_t steps, epochs, batch, seed, validate_every, patience;
        int best_by;
        uint64_t min_group, checkpoint_every;
    } train;
    struct {
        int crop;
        fdml_reals scale, ratio;
        double flip;
        uint64_t shift;
        int shift_edge;
        double brightness, contrast, saturation, hue;
        uint64_t resize;
        fdml_reals mean, std;
    } augment;
    struct {
        uint64_t every;
        int tensorboard;
    } log;

    config_setting setting[CONFIG_MAX_SETTINGS]; /* of the objective */
    size_t n_settings;
    config_parade attribute[CONFIG_MAX_ATTRIBUTES]; /* [parade] and what overrides it */
    const char *path;                               /* of the file, for messages */
} config;

/* A row of the table. */
typedef struct config_key {
    fdml_option option;  /* name "section.key"; SECTION rows have the section's name */
    const char *initial; /* the default, as it would be written */
    bool is_free;        /* a continued run may change it */
} config_key;
const config_key *config_table(size_t *n);

typedef struct config_source {
    const char *path;       /* NULL: no file, defaults alone */
    const char *const *set; /* [n_set] "section.key=value", which go before the file's */
    size_t n_set;
} config_source;

/* Texts are in the arena. FDML_E_ARG: "exp.ini:12: unknown key 'stepz' in [train]; did you mean
 * 'steps'?", a value out of its limits, a key that stands twice; FDML_E_IO, FDML_E_FORMAT. */
fdml_status config_read(config *c, const config_source *source, fdml_arena *arena,
                        fdml_error *err);

/* The same from a text in memory; `source->path` starts the sentences. */
fdml_status config_parse(config *c, const config_source *source, const char *text,
                         fdml_arena *arena, fdml_error *err);

/* Complete: every key. With help, each has its comment, and its limits. */
void config_write(FILE *file, const config *c, bool with_help);

/* FDML_E_ARG names the first key in which a run that is continued differs from its beginning
 * and which its weights depend on: "train.seed: is 2, but the run was begun with 1". */
fdml_status config_compare(const config *now, const config *then, fdml_error *err);

#endif
