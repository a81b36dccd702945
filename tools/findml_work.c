/* findml_work.c - what is not done yet of a grid, done: data sets are made, then each cell is
 * trained and audited by the programs of fdml. See findml.h.
 *
 * Whatever moment a grid is interrupted at, files that are there are whole: fdml-train goes on
 * from its checkpoint, audits and results appear by renaming. One lock on the folder is
 * inherited by every program that is started, so a second fdml-findml waits until those that
 * an earlier, killed one left behind have come to their end.
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/number.h"
#include "findml.h"
#include "model/backbone.h"
#include "train/objective.h"

enum { MAX_WORDS = 64 };

typedef struct work {
    const findml_grid *grid;
    const findml_work_options *options;
    const cli_common *common;
    findml_values *values;
    uint32_t *todo; /* cells; while sets are made, a cell of each */
    size_t n_todo;
    char threads[32];
    fdml_arena arena; /* command lines, and why a cell failed */
} work;

/* --- words of a command line ------------------------------------------------------------- */

typedef struct words {
    work *w;
    char **argv;
    size_t n;
} words;

static char *keep(work *w, const char *text)
{
    char *kept = fdml_arena_copy_text(&w->arena, text, strlen(text));
    if (!kept) cli_die(CLI_EXIT_DATA, "no memory for a command line");
    return kept;
}

static void put(words *c, const char *text)
{
    if (c->n + 1 < MAX_WORDS) c->argv[c->n++] = keep(c->w, text);
    c->argv[c->n] = NULL;
}

static words command(work *w, const char *program)
{
    char path[FDML_PATH_SIZE];
    words c = { .w = w, .argv = fdml_arena_push(&w->arena, MAX_WORDS, sizeof *c.argv) };
    if (!c.argv) cli_die(CLI_EXIT_DATA, "no memory for a command line");
    snprintf(path, sizeof path, "%s%s", w->options->programs, program);
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

static findml_job job_of(words *c, const char *log)
{
    put2(c, "--threads", c->w->threads);
    put(c, "--quiet");
    if (c->w->common->isa) put2(c, "--isa", c->w->common->isa);
    return (findml_job){ .argv = c->argv, .log = keep(c->w, log) };
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
    findml_made_path(path, w->grid, w->options->runs, &cell);
    snprintf(log, sizeof log, "%.*s/log.txt", (int)(strrchr(path, '/') - path), path);
    *strrchr(log, '/') = 0;
    if (make_folder(log, &err)) return error_of(w, err.text);
    log[strlen(log)] = '/';
    words c = command(w, "fdml-synth");
    put(&c, "plumage");
    put2(&c, "--out", path);
    put_count(&c, "--seed", w->grid->seed[cell.seed]);
    for (size_t i = 0; i < set->n_made; i++) put(&c, set->made[i]);
    return job_of(&c, log);
}

static void set_failed(void *ctx, size_t item, const char *why)
{
    const work *w = ctx;
    const findml_cell cell = findml_cell_at(w->grid, w->todo[item]);
    cli_progress_clear();
    cli_die(CLI_EXIT_DATA, "data set %s: %s", w->grid->set[cell.set].name, why);
}

/* The first cell of each set that has to be made; `done` [n_cells] is scratch. */
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
        findml_made_path(path, grid, w->options->runs, &cell);
        if (!is_known && !is_there(path)) sets->todo[sets->n_todo++] = w->todo[i];
    }
}

/* --- cells ------------------------------------------------------------------------------- */

/* The run that lies there was begun with the same configuration, or is begun now. */
static fdml_status begin_cell(const char *folder, const config *c, fdml_arena *arena,
                              fdml_error *err)
{
    static config then;
    char path[FDML_PATH_SIZE + 16];
    fdml_output output;
    FDML_TRY(make_folder(folder, err));
    snprintf(path, sizeof path, "%s/train.ini", folder);
    if (is_there(path)) {
        const config_source source = { .path = path };
        fdml_error why;
        FDML_TRY(config_read(&then, &source, arena, err));
        if (config_compare(c, &then, &why))
            return fdml_fail(err, FDML_E_ARG, "%s (remove %s, or take another --out)", why.text,
                             folder);
        return FDML_OK;
    }
    FDML_TRY(fdml_output_open(&output, path, NULL, err));
    config_write(output.file, c, false);
    return fdml_output_commit(&output, err);
}

static words train_command(work *w, const char *folder)
{
    char path[FDML_PATH_SIZE + 16];
    words c = command(w, "fdml-train");
    snprintf(path, sizeof path, "%s/train.ini", folder);
    put(&c, path);
    snprintf(path, sizeof path, "%s/run", folder);
    put2(&c, "--out", path);
    put(&c, "--resume");
    return c;
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

static words audit_command(work *w, const char *folder, const config *c, const findml_set *set,
                           bool is_balanced)
{
    char path[FDML_PATH_SIZE + 64], metrics[160];
    const char *part = is_balanced ? set->balanced : set->test;
    const bool with_leakage = set->leakage && (is_balanced || !set->balanced);
    words a = command(w, "fdml-eval");
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
    put_count(&a, "--bootstrap", w->grid->n_bootstrap);
    put_count(&a, "--permutations", w->grid->n_permutations);
    put_count(&a, "--min-group", w->grid->min_group);
    put2(&a, "--format", "json");
    snprintf(path, sizeof path, "%s/%s.json", folder, is_balanced ? "balanced" : "test");
    put2(&a, "--output", path);
    return a;
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
    findml_cell_path(folder, w->options->runs, &cell, NULL);
    findml_cell_config(&c, sha256, w->grid, w->options->runs, &cell, arena);
    snprintf(log, sizeof log, "%s/log.txt", folder);
    if (!stage) {
        if (begin_cell(folder, &c, arena, &err)) return error_of(w, err.text);
        words train = train_command(w, folder);
        return job_of(&train, log);
    }
    if (stage == 1 || is_balanced) {
        const char *part = is_balanced ? set->balanced : set->test;
        if (findml_rows_write(folder, &c, set, part, &err)) return error_of(w, err.text);
        words audit = audit_command(w, folder, &c, set, is_balanced);
        return job_of(&audit, log);
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

/* What is not done; also proves that every configuration is one. */
static void find_cells(work *w)
{
    static config c;
    char sha256[FDML_SHA256_HEX], path[FDML_PATH_SIZE];
    size_t n_chosen = 0, n_begun = 0;
    const char *runs = w->options->runs, *only = w->options->only;
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
        if (!is_done && is_chosen) w->todo[w->n_todo++] = (uint32_t)i;
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

static void make_sets(const work *w, const fdml_progress *progress)
{
    work sets = *w;
    sets.n_todo = 0;
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
}

size_t findml_work(findml_values *values, const findml_grid *grid,
                   const findml_work_options *options, const cli_common *common)
{
    fdml_error err;
    size_t n_failed = 0;
    const size_t n_threads = (size_t)cli_threads(common) / options->n_jobs;
    work w = { .grid = grid, .options = options, .common = common, .values = values };
    fdml_arena_init(&w.arena, 0);
    snprintf(w.threads, sizeof w.threads, "%zu", n_threads ? n_threads : 1);
    w.todo = fdml_arena_push(&w.arena, findml_cell_count(grid), sizeof *w.todo);
    if (!w.todo) cli_die(CLI_EXIT_DATA, "no memory for %zu runs", findml_cell_count(grid));
    if (!options->is_dry) {
        CLI_TRY(make_folder(options->runs, &err), &err);
        take_lock(options->runs, common);
    }
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
