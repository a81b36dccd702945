/* findml_grid.c - a grid file, checked as a whole before anything runs. See findml.h.
 *
 *   [grid]            what is combined, how often, against what
 *   [common]          keys of fdml-train for all runs: train.steps = 400
 *   [data.NAME]       a data set: its keys of fdml-train, and how it is audited
 *   [objective.NAME]  its keys; those of [objective] without their section: gamma = 0.2
 *   [method.NAME]     what makes the method
 *
 * What stands further down this list goes before what stands above it.
 *
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "findml.h"

typedef struct grid_text {
    findml_grid grid;
    const char *seeds, *baseline;
} grid_text;

#define GRID(member) .offset = offsetof(grid_text, grid.member)
static const fdml_option grid_keys[] = {
    { .type = FDML_OPTION_TEXTS, .name = "data", GRID(data) },
    { .type = FDML_OPTION_TEXTS, .name = "objectives", GRID(objectives) },
    { .type = FDML_OPTION_TEXTS, .name = "methods", GRID(methods) },
    { .type = FDML_OPTION_TEXT, .name = "baseline", .offset = offsetof(grid_text, baseline) },
    { .type = FDML_OPTION_TEXT, .name = "seeds", .offset = offsetof(grid_text, seeds) },
    { .type = FDML_OPTION_REAL, .name = "confidence", GRID(confidence), .low = 0, .high = 1 },
    { .type = FDML_OPTION_COUNT, .name = "bootstrap", GRID(n_bootstrap), .high = 1e6 },
    { .type = FDML_OPTION_COUNT, .name = "permutations", GRID(n_permutations), .high = 1e6 },
    { .type = FDML_OPTION_COUNT, .name = "min_group", GRID(min_group), .low = 1, .high = 1e9 },
};

typedef struct set_text {
    findml_set set;
    int make;
} set_text;

#define SET(member) .offset = offsetof(set_text, set.member)
static const fdml_option set_keys[] = {
    { .type = FDML_OPTION_CHOICE,
      .name = "make",
      .choices = "files|plumage",
      .offset = offsetof(set_text, make) },
    { .type = FDML_OPTION_TEXT, .name = "test", SET(test) },
    { .type = FDML_OPTION_TEXT, .name = "balanced", SET(balanced) },
    { .type = FDML_OPTION_TEXTS, .name = "groups", SET(groups) },
    { .type = FDML_OPTION_TEXT, .name = "leakage", SET(leakage) },
};

/* Of fdml-synth plumage, which checks their values; the seed is the run's. */
static const char *const synth_keys[] = {
    "classes",   "validation_classes", "test_classes", "per_class", "per_test",
    "per_color", "imbalance",          "size",         NULL
};

typedef struct key_list {
    const fdml_option *key;
    size_t n;
} key_list;
static const key_list keys_of_grid = { grid_keys, sizeof grid_keys / sizeof *grid_keys };
static const key_list keys_of_set = { set_keys, sizeof set_keys / sizeof *set_keys };

static const char *key_at(const void *ctx, size_t i)
{
    const key_list *list = ctx;
    return i < list->n ? list->key[i].name : NULL;
}

static const char *synth_at(const void *ctx, size_t i)
{
    (void)ctx;
    return synth_keys[i];
}

static const char *text_at(const void *ctx, size_t i)
{
    const fdml_texts *list = ctx;
    return i < list->n ? list->item[i] : NULL;
}

static _Noreturn void fail_key(const config_assignment *a, const char *near, const char *hint)
{
    if (near)
        cli_die(CLI_EXIT_DATA, "%s: unknown key '%s' in [%s]; did you mean '%s'?", a->place,
                a->key, a->section, near);
    cli_die(CLI_EXIT_DATA, "%s: unknown key '%s' in [%s]%s", a->place, a->key, a->section,
            hint);
}

static void store(void *target, const key_list *keys, const config_assignment *a,
                  fdml_arena *arena)
{
    fdml_error err;
    char shown[FDML_PATH_SIZE];
    config_assignment clean = *a;
    const fdml_option *o = fdml_option_find(keys->key, keys->n, a->key, strlen(a->key));
    if (!o)
        fail_key(a, fdml_option_nearest(a->key, key_at, keys),
                 keys == &keys_of_set ? "; keys of fdml-train have a section: train.steps"
                                      : "");
    snprintf(shown, sizeof shown, "%s: %s.%s", a->place, a->section, a->key);
    CLI_TRY(config_without_blanks(&clean, arena, &err), &err);
    if (o->type == FDML_OPTION_TEXTS) ((fdml_texts *)((char *)target + o->offset))->n = 0;
    CLI_TRY(fdml_option_store(o, target, shown, clean.value, arena, &err), &err);
}

/* --- [data.NAME] ------------------------------------------------------------------------- */

static bool has_prefix(const char *text, const char *prefix)
{
    return !strncmp(text, prefix, strlen(prefix));
}

static bool is_section(const config_assignment *a, const char *kind, const char *name)
{
    return has_prefix(a->section, kind) && !strcmp(a->section + strlen(kind), name);
}

static void take_synth(findml_set *set, const config_assignment *a, fdml_arena *arena)
{
    const char *key = a->key + strlen("synth.");
    size_t i = 0;
    while (synth_keys[i] && strcmp(synth_keys[i], key) != 0) i++;
    if (!synth_keys[i]) fail_key(a, fdml_option_nearest(key, synth_at, NULL), "");
    char option[64];
    snprintf(option, sizeof option, "--%s", key);
    for (char *at = option + 2; *at; at++)
        if (*at == '_') *at = '-';
    size_t at = 0;
    while (at < set->n_made && strcmp(set->made[at], option) != 0) at += 2;
    set->made[at] = fdml_arena_copy_text(arena, option, strlen(option));
    set->made[at + 1] = a->value;
    if (!set->made[at]) cli_die(CLI_EXIT_DATA, "no memory for %s", a->place);
    if (at == set->n_made) set->n_made += 2;
}

/* Where nothing is said of groups, they are what training knows. */
static void complete_set(set_text *text, const findml_grid *grid, const char *attributes)
{
    findml_set *set = &text->set;
    const config_assignment a = { set->name, "groups", attributes, grid->path };
    if (!set->groups.n && attributes) store(text, &keys_of_set, &a, grid->arena);
    if (!set->leakage && set->groups.n) set->leakage = set->groups.item[0];
    size_t i = 0;
    while (i < set->groups.n && strcmp(set->groups.item[i], set->leakage) != 0) i++;
    if (set->leakage && i == set->groups.n && i < FDML_LIST_MAX)
        set->groups.item[set->groups.n++] = set->leakage;
}

static findml_set read_set(const findml_grid *grid, const char *name)
{
    set_text text = { .set = { .name = name, .test = "test" } };
    const char *attributes = NULL;
    const config_assignment *synth = NULL;
    for (size_t i = 0; i < grid->list.n; i++) {
        const config_assignment *a = &grid->list.item[i];
        if (!strcmp(a->key, "data.attributes") &&
            (!strcmp(a->section, "common") || is_section(a, "data.", name)))
            attributes = a->value;
        if (!is_section(a, "data.", name)) continue;
        if (has_prefix(a->key, "synth."))
            take_synth(&text.set, synth = a, grid->arena);
        else if (!strchr(a->key, '.'))
            store(&text, &keys_of_set, a, grid->arena);
    }
    text.set.is_made = text.make;
    if (synth && !text.make)
        cli_die(CLI_EXIT_DATA, "%s: %s is for sets with make = plumage", synth->place,
                synth->key);
    complete_set(&text, grid, attributes);
    return text.set;
}

/* --- the whole --------------------------------------------------------------------------- */

/* "0-4" or "0,2,5-7". */
static void read_seeds(findml_grid *grid, const char *text)
{
    for (const char *at = text; *at;) {
        char part[64];
        uint64_t first, last;
        const size_t length = strcspn(at, ",");
        bool is_fine = length && length < sizeof part;
        memcpy(part, at, is_fine ? length : 0);
        part[is_fine ? length : 0] = 0;
        char *dash = strchr(part, '-');
        if (dash) *dash++ = 0;
        is_fine = is_fine && fdml_count_parse(&first, part);
        is_fine = is_fine && fdml_count_parse(&last, dash ? dash : part) && first <= last;
        if (!is_fine)
            cli_die(CLI_EXIT_DATA, "%s: grid.seeds: '%s' is no list such as 0-4 or 0,2,5",
                    grid->path, text);
        for (uint64_t seed = first; seed <= last && grid->n_seeds <= FINDML_MAX_SEEDS; seed++)
            if (grid->n_seeds < FINDML_MAX_SEEDS)
                grid->seed[grid->n_seeds++] = seed;
            else
                cli_die(CLI_EXIT_DATA, "%s: grid.seeds: more than %d", grid->path,
                        FINDML_MAX_SEEDS);
        at += length + (at[length] == ',');
    }
}

static void check_names(const findml_grid *grid, const char *key, const fdml_texts *list)
{
    if (!list->n) cli_die(CLI_EXIT_DATA, "%s: grid.%s is missing", grid->path, key);
    for (size_t i = 0; i < list->n; i++) {
        const char *name = list->item[i];
        /* names become folders, beside one that is called made */
        if (!*name || !strcmp(name, "made") || *name == '.' || name[strcspn(name, "/\\ \t\"'")])
            cli_die(CLI_EXIT_DATA, "%s: grid.%s: '%s' cannot be the name of a folder",
                    grid->path, key, name);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(name, list->item[k]))
                cli_die(CLI_EXIT_DATA, "%s: grid.%s: '%s' stands twice", grid->path, key, name);
    }
}

/* The names that have a section of this kind. */
static fdml_texts sections_of(const findml_grid *grid, const char *kind)
{
    fdml_texts found = { 0 };
    for (size_t i = 0; i < grid->list.n && found.n < FDML_LIST_MAX; i++) {
        const char *section = grid->list.item[i].section;
        if (!has_prefix(section, kind)) continue;
        size_t k = 0;
        while (k < found.n && strcmp(found.item[k], section + strlen(kind)) != 0) k++;
        if (k == found.n) found.item[found.n++] = section + strlen(kind);
    }
    return found;
}

/* Every listed name but `except` has a section. */
static void check_sections(const findml_grid *grid, const char *key, const char *kind,
                           const fdml_texts *list, const char *except)
{
    const fdml_texts found = sections_of(grid, kind);
    for (size_t i = 0; i < list->n; i++) {
        size_t k = 0;
        while (k < found.n && strcmp(found.item[k], list->item[i]) != 0) k++;
        if (k < found.n || (except && !strcmp(list->item[i], except))) continue;
        const char *near = fdml_option_nearest(list->item[i], text_at, &found);
        if (near)
            cli_die(CLI_EXIT_DATA,
                    "%s: grid.%s: there is no section [%s%s]; did you mean '%s'?", grid->path,
                    key, kind, list->item[i], near);
        cli_die(CLI_EXIT_DATA, "%s: grid.%s: there is no section [%s%s]", grid->path, key, kind,
                list->item[i]);
    }
}

/* --set cuts at the last dot, which for data.birds.synth.size is one too far: here a section
 * ends at the first dot behind its kind. */
static void cut_set(findml_grid *grid)
{
    static const char *const kind[] = { "common.", "data.", "objective.", "method." };
    config_assignment *item = fdml_arena_push(grid->arena, grid->list.n, sizeof *item);
    if (!item) cli_die(CLI_EXIT_DATA, "no memory for %s", grid->path);
    for (size_t i = 0; i < grid->list.n; i++) {
        const config_assignment *a = &item[i];
        item[i] = grid->list.item[i];
        for (size_t k = 0; k < 4 && !strcmp(a->place, "--set"); k++) {
            if (!has_prefix(a->section, kind[k])) continue;
            const char *dot = k ? strchr(a->section + strlen(kind[k]), '.') : a->section + 6;
            if (!dot) break;
            char key[CONFIG_VALUE];
            snprintf(key, sizeof key, "%s.%s", dot + 1, a->key);
            item[i].key = fdml_arena_copy_text(grid->arena, key, strlen(key));
            item[i].section =
                fdml_arena_copy_text(grid->arena, a->section, (size_t)(dot - a->section));
            if (!a->key || !a->section) cli_die(CLI_EXIT_DATA, "no memory for --set");
            break;
        }
    }
    grid->list.item = item;
}

static bool is_of_grid(const char *section)
{
    return !strcmp(section, "grid") || !strcmp(section, "common") ||
           has_prefix(section, "data.") || has_prefix(section, "objective.") ||
           has_prefix(section, "method.");
}

static const char *const section_names[] = { "grid", "common", "data.NAME", "objective.NAME",
                                             "method.NAME" };

static void check_section(const config_assignment *a)
{
    fdml_texts known = { .n = 5 };
    memcpy(known.item, section_names, sizeof section_names);
    if (is_of_grid(a->section) || !strcmp(a->place, "--set")) return;
    if (!*a->section)
        cli_die(CLI_EXIT_DATA, "%s: '%s' stands before any [section]", a->place, a->key);
    const char *near = fdml_option_nearest(a->section, text_at, &known);
    if (near)
        cli_die(CLI_EXIT_DATA, "%s: unknown section [%s]; did you mean [%s]?", a->place,
                a->section, near);
    cli_die(CLI_EXIT_DATA,
            "%s: unknown section [%s]; keys of fdml-train go into [common] as %s.%s", a->place,
            a->section, a->section, a->key);
}

static void find_baseline(findml_grid *grid, const char *name)
{
    if (!name) cli_die(CLI_EXIT_DATA, "%s: grid.baseline is missing", grid->path);
    for (size_t i = 0; i < grid->methods.n; i++)
        if (!strcmp(grid->methods.item[i], name)) {
            grid->baseline = i;
            return;
        }
    const char *near = fdml_option_nearest(name, text_at, &grid->methods);
    cli_die(CLI_EXIT_DATA, "%s: grid.baseline: '%s' is none of grid.methods%s%s%s", grid->path,
            name, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void read_sets(findml_grid *grid)
{
    findml_set *set = fdml_arena_push(grid->arena, grid->data.n, sizeof *set);
    if (!set) cli_die(CLI_EXIT_DATA, "no memory for %zu data sets", grid->data.n);
    for (size_t i = 0; i < grid->data.n; i++) set[i] = read_set(grid, grid->data.item[i]);
    grid->set = set;
}

void findml_grid_read(findml_grid *grid, const char *path, const fdml_texts *set,
                      fdml_arena *arena)
{
    static grid_text text;
    fdml_error err;
    findml_grid *g = &text.grid;
    const config_source source = { .path = path, .set = set->item, .n_set = set->n };
    *g = (findml_grid){ .path = path, .confidence = 0.95, .min_group = 20, .arena = arena };
    CLI_TRY(config_list_read(&g->list, &source, arena, &err), &err);
    cut_set(g);
    for (size_t i = 0; i < g->list.n; i++) {
        check_section(&g->list.item[i]);
        if (!strcmp(g->list.item[i].section, "grid"))
            store(&text, &keys_of_grid, &g->list.item[i], arena);
    }
    check_names(g, "data", &g->data);
    check_names(g, "objectives", &g->objectives);
    check_names(g, "methods", &g->methods);
    find_baseline(g, text.baseline);
    read_seeds(g, text.seeds ? text.seeds : "0-4");
    check_sections(g, "data", "data.", &g->data, NULL);
    check_sections(g, "methods", "method.", &g->methods, text.baseline);
    read_sets(g);
    *grid = *g;
}
