/* findml_work.c - what is not done yet of a grid, done: data sets are made, then each cell is
 * trained and audited by the programs of fdml. See findml.h.
 *
 * Whatever moment a grid is interrupted at, files that are there are whole: fdml-train goes on
 * from its checkpoint, audits and results appear by renaming. One lock on the folder is
 * inherited by every program that is started, so a second fdml-findml waits until those that
 * an earlier, killed one left behind have come to their end.
 *
 * SPDX-License-Identifier: MIT */
#define _XOPEN_SOURCE 700 /* realpath */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "findml.h"

typedef struct work {
    const findml_grid *grid;
    const findml_work_options *options;
    const cli_common *common;
    const char
        *runs; /* options->runs, absolute where it is there: the same however it is spelled */
    findml_values *values;
    uint32_t *todo; /* cells; while sets are made, a cell of each */
    size_t n_todo;
    fdml_arena arena;   /* command lines, and why a cell failed */
    findml_tools tools; /* borrows the arena */
} work;

static char *keep(work *w, const char *text)
{
    char *kept = fdml_arena_copy_text(&w->arena, text, strlen(text));
    if (!kept) cli_die(CLI_EXIT_DATA, "no memory for a run");
    return kept;
}

static findml_job job_of(work *w, char *const *argv, const char *log)
{
    return (findml_job){ .argv = argv, .log = keep(w, log) };
}

static findml_job error_of(work *w, const char *why)
{
    return (findml_job){ .error = keep(w, why) };
}

/* --- folders ----------------------------------------------------------------------------- */

/* Makes a folder with those above it. */
static fdml_status make_folder(const char *path, fdml_error *err)
{
    char part[FDML_PATH_SIZE];
    snprintf(part, sizeof part, "%s", path);
    for (char *at = part + 1;; at++) {
        if (*at && *at != '/') continue;
        const char was = *at;
        *at = 0;
        if (mkdir(part, 0777) && errno != EEXIST)
            return fdml_fail(err, FDML_E_IO, "%s: cannot make the folder: %s", part,
                             strerror(errno));
        *at = was;
        if (!was) return FDML_OK;
    }
}

static bool is_there(const char *path)
{
    struct stat found;
    return !stat(path, &found);
}

static void take_lock(const char *runs, const cli_common *common)
{
    char path[FDML_PATH_SIZE];
    snprintf(path, sizeof path, "%s/lock", runs);
    const int fd = open(path, O_RDWR | O_CREAT, 0666); /* kept open, and by children */
    if (fd < 0) cli_die(CLI_EXIT_DATA, "%s: %s", path, strerror(errno));
    if (!flock(fd, LOCK_EX | LOCK_NB)) return;
    cli_warn(common, "%s: waiting for what another fdml-findml began here", runs);
    while (flock(fd, LOCK_EX))
        if (errno != EINTR) cli_die(CLI_EXIT_DATA, "%s: %s", path, strerror(errno));
}

/* --- sets -------------------------------------------------------------------------------- */

static findml_job next_set(void *ctx, size_t item, size_t stage)
{
    work *w = ctx;
    char path[FDML_PATH_SIZE], log[FDML_PATH_SIZE];
    fdml_error err;
    const findml_cell cell = findml_cell_at(w->grid, w->todo[item]);
    const findml_set *set = &w->grid->set[cell.set];
    if (stage) return (findml_job){ 0 };
    findml_made_path(path, w->grid, w->runs, &cell);
    snprintf(log, sizeof log, "%.*s/log.txt", (int)(strrchr(path, '/') - path), path);
    *strrchr(log, '/') = 0;
    if (make_folder(log, &err)) return error_of(w, err.text);
    log[strlen(log)] = '/';
    return job_of(w, findml_synth_command(&w->tools, set, path, w->grid->seed[cell.seed]), log);
}

static void set_failed(void *ctx, size_t item, const char *why)
{
    const work *w = ctx;
    const findml_cell cell = findml_cell_at(w->grid, w->todo[item]);
    cli_progress_clear();
    cli_die(CLI_EXIT_DATA, "data set %s: %s", w->grid->set[cell.set].name, why);
}

/* The first cell of each set that has to be made. */
static void find_sets(work *sets, const work *w)
{
    char path[FDML_PATH_SIZE];
    const findml_grid *grid = w->grid;
    for (size_t i = 0; i < w->n_todo; i++) {
        const findml_cell cell = findml_cell_at(grid, w->todo[i]);
        if (!grid->set[cell.set].is_made) continue;
        bool is_known = false;
        for (size_t k = 0; k < sets->n_todo; k++) {
            const findml_cell other = findml_cell_at(grid, sets->todo[k]);
            is_known |= other.set == cell.set && other.seed == cell.seed;
        }
        findml_made_path(path, grid, w->runs, &cell);
        if (!is_known && !is_there(path)) sets->todo[sets->n_todo++] = w->todo[i];
    }
}

/* --- cells ------------------------------------------------------------------------------- */

/* A run that lies there was begun with the same configuration. */
static fdml_status check_begun(const char *folder, const config *c, fdml_arena *arena,
                               fdml_error *err)
{
    static config then;
    char path[FDML_PATH_SIZE + 16];
    fdml_error why;
    snprintf(path, sizeof path, "%s/train.ini", folder);
    if (!is_there(path)) return FDML_OK;
    const config_source source = { .path = path };
    FDML_TRY(config_read(&then, &source, arena, err));
    if (config_compare(c, &then, &why))
        return fdml_fail(err, FDML_E_ARG, "%s: %s; remove that folder, or take another --out",
                         folder, why.text);
    return FDML_OK;
}

static fdml_status begin_cell(const char *folder, const config *c, fdml_error *err)
{
    char path[FDML_PATH_SIZE + 16];
    fdml_output output;
    FDML_TRY(make_folder(folder, err));
    snprintf(path, sizeof path, "%s/train.ini", folder);
    if (is_there(path)) return FDML_OK;
    FDML_TRY(fdml_output_open(&output, path, NULL, err));
    config_write(output.file, c, false);
    return fdml_output_commit(&output, err);
}

static fdml_status end_cell(work *w, size_t index, const findml_cell *cell, const char *folder,
                            const char *sha256, fdml_error *err)
{
    char path[FDML_PATH_SIZE + 64];
    const findml_set *set = &w->grid->set[cell->set];
    const char *const part[] = { set->test, set->balanced };
    for (int i = 0; i < 2; i++) {
        if (!part[i]) continue;
        snprintf(path, sizeof path, "%s/%s.npy", folder, part[i]);
        unlink(path); /* of pictures there is none */
    }
    snprintf(path, sizeof path, "%s/result.json", folder);
    FDML_TRY(findml_result_make(&w->values[index], set, folder, err));
    return findml_result_write(path, &w->values[index], cell, sha256, err);
}

static findml_job next_program(work *w, size_t index, size_t stage, fdml_arena *arena)
{
    static config c;
    char folder[FDML_PATH_SIZE], sha256[FDML_SHA256_HEX], log[FDML_PATH_SIZE + 16];
    fdml_error err;
    const findml_cell cell = findml_cell_at(w->grid, index);
    const findml_set *set = &w->grid->set[cell.set];
    const bool is_balanced = stage == 2 && set->balanced;
    findml_cell_path(folder, w->runs, &cell, NULL);
    findml_cell_config(&c, sha256, w->grid, w->runs, &cell, arena);
    snprintf(log, sizeof log, "%s/log.txt", folder);
    if (!stage) {
        if (begin_cell(folder, &c, &err)) return error_of(w, err.text);
        return job_of(w, findml_train_command(&w->tools, folder), log);
    }
    if (stage == 1 || is_balanced) {
        const char *part = is_balanced ? set->balanced : set->test;
        if (findml_rows_write(folder, &c, set, part, &err)) return error_of(w, err.text);
        return job_of(w, findml_audit_command(&w->tools, w->grid, &c, set, is_balanced, folder),
                      log);
    }
    if (end_cell(w, index, &cell, folder, sha256, &err)) return error_of(w, err.text);
    return (findml_job){ 0 };
}

static findml_job next_of_cell(void *ctx, size_t item, size_t stage)
{
    work *w = ctx;
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    const findml_job job = next_program(w, w->todo[item], stage, &arena);
    fdml_arena_close(&arena);
    return job;
}

static void cell_failed(void *ctx, size_t item, const char *why)
{
    const work *w = ctx;
    const findml_cell cell = findml_cell_at(w->grid, w->todo[item]);
    cli_progress_clear();
    fprintf(stderr, "fdml-findml: %s: %s\n", cell.name, why);
}

/* --- the whole --------------------------------------------------------------------------- */

/* What is not done; also proves that every configuration is one, and what a run that is begun
 * was begun with. */
static void find_cells(work *w)
{
    static config c;
    char sha256[FDML_SHA256_HEX], path[FDML_PATH_SIZE];
    size_t n_chosen = 0, n_begun = 0;
    fdml_error err;
    const char *runs = w->runs, *only = w->options->only;
    for (size_t i = 0; i < findml_cell_count(w->grid); i++) {
        fdml_arena arena;
        fdml_arena_init(&arena, 0);
        const findml_cell cell = findml_cell_at(w->grid, i);
        findml_cell_config(&c, sha256, w->grid, runs, &cell, &arena);
        findml_cell_path(path, runs, &cell, "result.json");
        const bool is_done = findml_result_read(&w->values[i], path, sha256);
        findml_cell_path(path, runs, &cell, NULL);
        const bool is_begun = is_there(path);
        const bool is_chosen = !only || !fnmatch(only, cell.name, 0);
        if (!is_done && is_chosen) {
            CLI_TRY(check_begun(path, &c, &arena, &err), &err);
            w->todo[w->n_todo++] = (uint32_t)i;
        }
        if (w->options->is_dry && is_chosen)
            printf("%-8s%s\n", is_done ? "done" : is_begun ? "begun" : "to do", cell.name);
        n_chosen += is_chosen;
        n_begun += is_begun;
        fdml_arena_close(&arena);
    }
    if (!n_chosen) cli_die(CLI_EXIT_DATA, "--only: '%s' is like no run of the grid", only);
    if (n_begun && !w->options->resume && !w->options->is_dry)
        cli_die(CLI_EXIT_DATA, "%s: holds runs already; --resume goes on with them", runs);
    if (w->options->is_dry)
        printf("%zu of %zu runs to do, %zu at a time\n", w->n_todo, n_chosen,
               w->options->n_jobs);
}

static void make_sets(work *w, const fdml_progress *progress)
{
    work sets = {
        .grid = w->grid, .options = w->options, .common = w->common, .runs = w->runs
    };
    fdml_arena_init(&sets.arena, 0);
    sets.tools = w->tools;
    sets.tools.arena = &sets.arena;
    sets.todo = fdml_arena_push(&sets.arena, w->n_todo, sizeof *sets.todo);
    if (!sets.todo) cli_die(CLI_EXIT_DATA, "no memory for %zu runs", w->n_todo);
    find_sets(&sets, w);
    const findml_jobs jobs = { .n_items = sets.n_todo,
                               .n_jobs = w->options->n_jobs,
                               .next = next_set,
                               .failed = set_failed,
                               .ctx = &sets,
                               .progress = progress,
                               .phase = "data sets" };
    if (sets.n_todo) findml_jobs_run(&jobs);
    fdml_arena_close(&sets.arena);
}

size_t findml_work(findml_values *values, const findml_grid *grid,
                   const findml_work_options *options, const cli_common *common)
{
    fdml_error err;
    size_t n_failed = 0;
    const size_t n_threads = (size_t)cli_threads(common) / options->n_jobs;
    work w = { .grid = grid, .options = options, .common = common, .values = values };
    fdml_arena_init(&w.arena, 0);
    w.tools = (findml_tools){ .programs = options->programs,
                              .n_threads = n_threads ? n_threads : 1,
                              .isa = common->isa,
                              .arena = &w.arena };
    w.todo = fdml_arena_push(&w.arena, findml_cell_count(grid), sizeof *w.todo);
    if (!w.todo) cli_die(CLI_EXIT_DATA, "no memory for %zu runs", findml_cell_count(grid));
    if (!options->is_dry) {
        CLI_TRY(make_folder(options->runs, &err), &err);
        take_lock(options->runs, common);
    }
    char *absolute = realpath(options->runs, NULL);
    w.runs = keep(&w, absolute ? absolute : options->runs);
    free(absolute);
    find_cells(&w);
    if (!options->is_dry && w.n_todo) {
        const fdml_progress *progress = cli_progress_open(common);
        const findml_jobs jobs = { .n_items = w.n_todo,
                                   .n_jobs = options->n_jobs,
                                   .next = next_of_cell,
                                   .failed = cell_failed,
                                   .ctx = &w,
                                   .progress = progress,
                                   .phase = "runs" };
        cli_note_signals();
        make_sets(&w, progress);
        n_failed = findml_jobs_run(&jobs);
        cli_progress_clear();
    }
    fdml_arena_close(&w.arena);
    return n_failed;
}
