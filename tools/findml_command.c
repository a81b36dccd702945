/* findml_command.c - the command lines of the programs that a grid runs. See findml.h.
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <string.h>

#include "base/number.h"
#include "findml.h"
#include "model/backbone.h"
#include "train/objective.h"

enum { MAX_WORDS = 64 };

typedef struct words {
    const findml_tools *tools;
    char **argv;
    size_t n;
} words;

static void put(words *c, const char *text)
{
    char *kept = fdml_arena_copy_text(c->tools->arena, text, strlen(text));
    if (!kept) cli_die(CLI_EXIT_DATA, "no memory for a command line");
    assert(c->n + 1 < MAX_WORDS);
    c->argv[c->n++] = kept;
    c->argv[c->n] = NULL;
}

static words command(const findml_tools *t, const char *program)
{
    char path[FDML_PATH_SIZE];
    words c = { .tools = t, .argv = fdml_arena_push(t->arena, MAX_WORDS, sizeof *c.argv) };
    if (!c.argv) cli_die(CLI_EXIT_DATA, "no memory for a command line");
    snprintf(path, sizeof path, "%s%s", t->programs, program);
    put(&c, path);
    return c;
}

static void put2(words *c, const char *option, const char *value)
{
    put(c, option);
    put(c, value);
}

static void put_count(words *c, const char *option, uint64_t value)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    put2(c, option, text);
}

static void put_list(words *c, const char *option, const fdml_reals *list)
{
    char text[FDML_LIST_MAX * FDML_NUMBER_TEXT] = "";
    for (size_t i = 0; i < list->n; i++) {
        char number[FDML_NUMBER_TEXT + 1];
        if (i) strcat(text, ",");
        fdml_number_print(number, list->item[i]);
        strcat(text, number);
    }
    put2(c, option, text);
}

/* What every program takes. */
static char *const *finish(words *c)
{
    put_count(c, "--threads", c->tools->n_threads);
    put(c, "--quiet");
    if (c->tools->isa) put2(c, "--isa", c->tools->isa);
    return c->argv;
}

char *const *findml_synth_command(const findml_tools *tools, const findml_set *set,
                                  const char *folder, uint64_t seed)
{
    words c = command(tools, "fdml-synth");
    put(&c, "plumage");
    put2(&c, "--out", folder);
    put_count(&c, "--seed", seed);
    for (size_t i = 0; i < set->n_made; i++) put(&c, set->made[i]);
    return finish(&c);
}

char *const *findml_train_command(const findml_tools *tools, const char *folder)
{
    char path[FDML_PATH_SIZE + 16];
    words c = command(tools, "fdml-train");
    snprintf(path, sizeof path, "%s/train.ini", folder);
    put(&c, path);
    snprintf(path, sizeof path, "%s/run", folder);
    put2(&c, "--out", path);
    put(&c, "--resume");
    return finish(&c);
}

/* What validation did to a picture (train_pictures_preprocess), in words of fdml-eval. */
static void put_pictures(words *w, const config *c)
{
    const fdml_backbone *backbone = fdml_backbone_find(c->model.backbone);
    const uint64_t side = c->model.size || !backbone ? c->model.size : backbone->size;
    const uint64_t shorter = c->augment.resize ? c->augment.resize : (side * 256 + 112) / 224;
    put_count(w, "--resize", shorter > side ? shorter : side);
    put_count(w, "--crop", side);
    put2(w, "--scale", "1/255");
    put_list(w, "--mean", &c->augment.mean);
    put_list(w, "--std", &c->augment.std);
}

static void put_groups(words *c, const findml_set *set, bool is_balanced)
{
    char list[4096] = "";
    if (is_balanced && set->leakage) put2(c, "--group", set->leakage);
    if (is_balanced || !set->groups.n) return;
    for (size_t i = 0; i < set->groups.n; i++) {
        const size_t at = strlen(list);
        snprintf(list + at, sizeof list - at, "%s%s", i ? "," : "", set->groups.item[i]);
    }
    put2(c, "--group", list);
}

char *const *findml_audit_command(const findml_tools *tools, const findml_grid *grid,
                                  const config *c, const findml_set *set, bool is_balanced,
                                  const char *folder)
{
    char path[FDML_PATH_SIZE + 64], metrics[160];
    const char *part = is_balanced ? set->balanced : set->test;
    const bool with_leakage = set->leakage && (is_balanced || !set->balanced);
    words a = command(tools, "fdml-eval");
    snprintf(path, sizeof path, "%s/run/model.onnx", folder);
    put2(&a, "--model", path);
    if (!c->data.images) {
        snprintf(path, sizeof path, "%s/%s.npy", folder, part);
        put(&a, path);
    }
    snprintf(path, sizeof path, "%s/%s.csv", folder, part);
    put(&a, path);
    if (c->data.images) put_pictures(&a, c);
    put_groups(&a, set, is_balanced);
    snprintf(metrics, sizeof metrics, "recall_at_1%s%s",
             is_balanced ? "" : ",map_at_r,alignment_intra,alignment_inter,uniformity",
             with_leakage ? ",leakage" : "");
    put2(&a, "--metrics", metrics);
    put(&a, "--no-intersections");
    const fdml_objective_info *objective = fdml_objective_find(c->objective.name, NULL);
    put2(&a, "--distance", objective && !objective->wants_unit_rows ? "l2" : "cosine");
    put_count(&a, "--bootstrap", grid->n_bootstrap);
    put_count(&a, "--permutations", grid->n_permutations);
    put_count(&a, "--min-group", grid->min_group);
    put2(&a, "--format", "json");
    snprintf(path, sizeof path, "%s/%s.json", folder, is_balanced ? "balanced" : "test");
    put2(&a, "--output", path);
    return finish(&a);
}
