/* findml_cell.c - the cells of a grid: their order, their folders, their configurations. See
 * findml.h.
 *
 * A configuration is put together from the assignments of the grid and handed to config.h as
 * one list, so that every mistake is found and placed as if it stood in a file of fdml-train.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text_file.h"
#include "findml.h"
#include "train_options.h"

size_t findml_cell_count(const findml_grid *grid)
{
    return grid->data.n * grid->objectives.n * grid->methods.n * grid->n_seeds;
}

findml_cell findml_cell_at(const findml_grid *grid, size_t index)
{
    findml_cell cell;
    cell.method = index % grid->methods.n;
    index /= grid->methods.n;
    cell.seed = index % grid->n_seeds;
    index /= grid->n_seeds;
    cell.objective = index % grid->objectives.n;
    cell.set = index / grid->objectives.n;
    snprintf(cell.name, sizeof cell.name, "%s/%s/%s/seed%llu", grid->data.item[cell.set],
             grid->objectives.item[cell.objective], grid->methods.item[cell.method],
             (unsigned long long)grid->seed[cell.seed]);
    return cell;
}

static void check_path(int length, const char *runs)
{
    if (length < 0 || length >= FDML_PATH_SIZE)
        cli_die(CLI_EXIT_DATA, "%s: the path is too long for what lies in it", runs);
}

void findml_cell_path(char path[FDML_PATH_SIZE], const char *runs, const findml_cell *cell,
                      const char *name)
{
    check_path(snprintf(path, FDML_PATH_SIZE, "%s/%s%s%s", runs, cell->name, name ? "/" : "",
                        name ? name : ""),
               runs);
}

void findml_made_path(char path[FDML_PATH_SIZE], const findml_grid *grid, const char *runs,
                      const findml_cell *cell)
{
    const findml_set *set = &grid->set[cell->set];
    char hex[FDML_SHA256_HEX];
    fdml_sha256 sha;
    fdml_sha256_init(&sha);
    for (size_t i = 0; i < set->n_made; i++)
        fdml_sha256_update(&sha, set->made[i], strlen(set->made[i]) + 1);
    fdml_sha256_final(&sha, hex);
    check_path(snprintf(path, FDML_PATH_SIZE, "%s/%s/made/%.8s-seed%llu", runs, set->name, hex,
                        (unsigned long long)grid->seed[cell->seed]),
               runs);
}

/* --- the configuration ------------------------------------------------------------------- */

typedef struct building {
    const findml_grid *grid;
    fdml_arena *arena;
    config_assignment *item;
    size_t n;
} building;

static void add(building *b, const char *section, const char *key, const char *value,
                const char *place)
{
    b->item[b->n++] = (config_assignment){ section, key, value, place };
}

static const char *copy(fdml_arena *arena, const char *text, size_t length)
{
    const char *kept = fdml_arena_copy_text(arena, text, length);
    if (!kept) cli_die(CLI_EXIT_DATA, "no memory for a configuration");
    return kept;
}

/* "parade.color.alpha" is key alpha of section parade.color. */
static void add_dotted(building *b, const config_assignment *a)
{
    const char *dot = strrchr(a->key, '.');
    if (!dot)
        cli_die(CLI_EXIT_DATA,
                "%s: unknown key '%s' in [%s]; keys of fdml-train have a section: train.steps",
                a->place, a->key, a->section);
    add(b, copy(b->arena, a->key, (size_t)(dot - a->key)), dot + 1, a->value, a->place);
}

/* The keys of fdml-train that stand in a section. */
static void add_section(building *b, const char *kind, const char *name)
{
    const bool is_objective = !strcmp(kind, "objective."), is_set = !strcmp(kind, "data.");
    const size_t length = strlen(kind);
    for (size_t i = 0; i < b->grid->list.n; i++) {
        const config_assignment *a = &b->grid->list.item[i];
        if (strncmp(a->section, kind, length) != 0 || strcmp(a->section + length, name) != 0)
            continue;
        if (is_set && (!strchr(a->key, '.') || !strncmp(a->key, "synth.", 6))) continue;
        if (is_objective && !strchr(a->key, '.'))
            add(b, "objective", a->key, a->value, a->place);
        else
            add_dotted(b, a);
    }
}

/* --set train.steps=10: for all runs, before anything else. */
static void add_set(building *b)
{
    static const char *const of_grid[] = { "data.", "objective.", "method." };
    for (size_t i = 0; i < b->grid->list.n; i++) {
        const config_assignment *a = &b->grid->list.item[i];
        bool is_of_grid = !strcmp(a->section, "grid") || !strcmp(a->section, "common");
        for (size_t k = 0; k < sizeof of_grid / sizeof *of_grid; k++)
            is_of_grid |= !strncmp(a->section, of_grid[k], strlen(of_grid[k]));
        if (!is_of_grid) b->item[b->n++] = *a;
    }
}

static void assign(config *c, const findml_grid *grid, const char *runs,
                   const findml_cell *cell, fdml_arena *arena)
{
    char path[FDML_PATH_SIZE], seed[32];
    fdml_error err;
    building b = { .grid = grid,
                   .arena = arena,
                   .item = fdml_arena_push(arena, grid->list.n + 3, sizeof *b.item) };
    if (!b.item) cli_die(CLI_EXIT_DATA, "no memory for a configuration");
    const char *objective = grid->objectives.item[cell->objective];
    add(&b, "objective", "name", objective, grid->path);
    add_section(&b, "common", "");
    add_section(&b, "data.", grid->data.item[cell->set]);
    add_section(&b, "objective.", objective);
    add_section(&b, "method.", grid->methods.item[cell->method]);
    add_set(&b);
    if (grid->set[cell->set].is_made) {
        findml_made_path(path, grid, runs, cell);
        const size_t length = strlen(path);
        check_path(snprintf(path + length, sizeof path - length, "/labels.csv") + (int)length,
                   runs);
        add(&b, "data", "images", copy(arena, path, strlen(path)), grid->path);
    }
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)grid->seed[cell->seed]);
    add(&b, "train", "seed", copy(arena, seed, strlen(seed)), grid->path);
    const config_assignments list = { b.item, b.n };
    memset(c, 0, sizeof *c);
    c->path = grid->path;
    CLI_TRY(config_assign(c, &list, arena, &err), &err);
    train_objective(c);
    if (!c->data.images && !c->data.embeddings)
        cli_die(CLI_EXIT_DATA, "%s: [data.%s]: data.images or data.embeddings is missing",
                grid->path, grid->data.item[cell->set]);
}

static void put_audit(FILE *file, const findml_grid *grid, const findml_set *set)
{
    fprintf(file, "test %s\nbalanced %s\nleakage %s\n", set->test,
            set->balanced ? set->balanced : "", set->leakage ? set->leakage : "");
    for (size_t i = 0; i < set->groups.n; i++) fprintf(file, "group %s\n", set->groups.item[i]);
    fprintf(file, "%llu %llu %llu\n", (unsigned long long)grid->n_bootstrap,
            (unsigned long long)grid->n_permutations, (unsigned long long)grid->min_group);
}

void findml_cell_config(config *c, char sha256[FDML_SHA256_HEX], const findml_grid *grid,
                        const char *runs, const findml_cell *cell, fdml_arena *arena)
{
    fdml_text_file text;
    fdml_sha256 sha;
    fdml_error err;
    const char *written;
    assign(c, grid, ".", cell, arena); /* a folder of runs that was moved is the same runs */
    CLI_TRY(fdml_text_file_open(&text, &err), &err);
    config_write(text.file, c, false);
    put_audit(text.file, grid, &grid->set[cell->set]);
    CLI_TRY(fdml_text_file_close(&text, &written, arena, &err), &err);
    fdml_sha256_init(&sha);
    fdml_sha256_update(&sha, written, strlen(written));
    fdml_sha256_final(&sha, sha256);
    assign(c, grid, runs, cell, arena);
}
