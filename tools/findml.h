/* findml.h - a grid of training runs: what it holds, where its results lie, what is measured.
 *
 * A cell is one run: a data set, an objective, a method and a seed. It lives in a folder of its
 * own, RUNS/DATA/OBJECTIVE/METHOD/seedN:
 *
 *   train.ini       its configuration, complete; run/ is what fdml-train leaves
 *   test.csv ...    the rows of the part that is audited; test.json the audit of fdml-eval
 *   balanced.json   the audit of the part where the attribute says nothing of the class
 *   log.txt         what the programs said
 *   result.json     what was measured; a cell that has it, for these settings, is done
 *
 *   findml_grid.c    reads the grid file         findml_cell.c    a cell's settings and files
 *   findml_run.c     runs programs, some at once findml_work.c    what is not done, done
 *   findml_command.c their command lines
 *   findml_rows.c    the rows of an audited part findml_result.c  audits become measures
 *   findml_table.c   tables over seeds           findml_words.c   what they say, in words
 *   findml_write.c   CSV and JSON                findml_plot.c    the front, as SVG
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_FINDML_H
#define FDML_TOOLS_FINDML_H

#include "base/hash.h"
#include "cli.h"
#include "config_state.h"
#include "findml_stats.h"

enum { FINDML_MAX_SEEDS = 1000, FINDML_MAX_MADE = 16 };

/* A data set: files, or pictures that fdml-synth draws anew for every seed. */
typedef struct findml_set {
    const char *name;
    bool is_made;
    const char *made[FINDML_MAX_MADE]; /* [n_made] "--per-class", "60", ... */
    size_t n_made;
    const char
        *test; /* the part that is audited: a value of the split column, or of rows.csv */
    const char *balanced; /* a part where the attribute is independent of the class, or NULL */
    fdml_texts groups; /* attributes of the audit; worst group and gap are those of the first */
    const char *leakage; /* the attribute that should not be readable; NULL: the first group */
} findml_set;

typedef struct findml_grid {
    const char *path;
    fdml_texts data, objectives, methods;
    size_t baseline; /* index into methods */
    uint64_t seed[FINDML_MAX_SEEDS];
    size_t n_seeds;
    double confidence;
    uint64_t n_bootstrap, n_permutations, min_group; /* of each audit */
    const findml_set *set;                           /* [data.n] */
    config_assignments list;                         /* all that was said, in order */
    fdml_arena *arena;                               /* what the above lies in */
} findml_grid;

/* set: "section.key=value" that go before the file. Ends the program where the file is wrong.
 */
void findml_grid_read(findml_grid *grid, const char *path, const fdml_texts *set,
                      fdml_arena *arena);

/* Indices into the grid's lists. */
typedef struct findml_cell {
    size_t set, objective, method, seed;
    char name[512]; /* "plumage/margin/baseline/seed0" */
} findml_cell;

size_t findml_cell_count(const findml_grid *grid);
/* Cells are ordered by data, objective, seed and method, so that an unfinished grid compares.
 */
findml_cell findml_cell_at(const findml_grid *grid, size_t index);
/* RUNS/CELL/NAME; name NULL: the folder. */
void findml_cell_path(char path[FDML_PATH_SIZE], const char *runs, const findml_cell *cell,
                      const char *name);
/* RUNS/DATA/made/SETTINGS-seedN, for sets that are made. */
void findml_made_path(char path[FDML_PATH_SIZE], const findml_grid *grid, const char *runs,
                      const findml_cell *cell);

/* The configuration of a cell's run, and a hash of all that its result depends on but files. */
void findml_cell_config(config *c, char sha256[FDML_SHA256_HEX], const findml_grid *grid,
                        const char *runs, const findml_cell *cell, fdml_arena *arena);

/* What is measured. Of groups: those of the first attribute that have rows enough. */
typedef enum findml_measure {
    FINDML_RECALL,
    FINDML_WORST,
    FINDML_MAJORITY,
    FINDML_MINORITY,
    FINDML_GAP,
    FINDML_LEAKAGE,
    FINDML_BALANCED,
    FINDML_MAP,
    FINDML_WORST_MAP,
    FINDML_MAP_GAP,
    FINDML_INTER,
    FINDML_INTRA_GAP,
    FINDML_UNIFORMITY,
    FINDML_N_MEASURES
} findml_measure;

typedef struct findml_measure_info {
    const char *id, *heading;
    int direction; /* 1: more is better; -1: less; 0: neither by itself */
    bool is_shown; /* in tables; all are in CSV and JSON */
    const char *definition;
} findml_measure_info;
extern const findml_measure_info findml_measures[FINDML_N_MEASURES];

/* A cell's values; NaN: not measured. */
typedef struct findml_values {
    bool is_done;
    double value[FINDML_N_MEASURES];
} findml_values;

/* RUNS/CELL/result.json. Reading: false where there is none for these settings. */
bool findml_result_read(findml_values *values, const char *path, const char *sha256);
fdml_status findml_result_make(findml_values *values, const findml_set *set, const char *folder,
                               fdml_error *err);
fdml_status findml_result_write(const char *path, const findml_values *values,
                                const findml_cell *cell, const char *sha256, fdml_error *err);

/* The rows of a part of the data, as fdml-eval reads them: FOLDER/PART.csv and, of embeddings,
 * FOLDER/PART.npy. FDML_E_DATA: it has none. */
fdml_status findml_rows_write(const char *folder, const config *c, const findml_set *set,
                              const char *part, fdml_error *err);

/* Programs, at most n_jobs at once. An item is done in stages, one program each. */
typedef struct findml_job {
    char *const *argv; /* ends at NULL; NULL itself: the item is finished */
    const char *log;   /* where its output goes, appended */
    const char *error; /* instead: why the item failed */
} findml_job;

typedef struct findml_jobs {
    size_t n_items, n_jobs;
    /* What to run next of an item, stage 0 first. Memory is the callee's. */
    findml_job (*next)(void *ctx, size_t item, size_t stage);
    void (*failed)(void *ctx, size_t item, const char *why);
    void *ctx;
    const fdml_progress *progress;
    const char *phase;
} findml_jobs;

/* Number of items that failed. A signal is passed on to what runs, waited for, and ends the
 * program. */
size_t findml_jobs_run(const findml_jobs *jobs);

/* tools/findml_command.c: what is run, in the arena; ends at NULL. */
typedef struct findml_tools {
    const char
        *programs;    /* where fdml-train and the others are: "build/bin/", or "" for PATH */
    size_t n_threads; /* of each */
    const char *isa;  /* NULL: the best */
    fdml_arena *arena;
} findml_tools;
char *const *findml_synth_command(const findml_tools *tools, const findml_set *set,
                                  const char *folder, uint64_t seed);
char *const *findml_train_command(const findml_tools *tools, const char *folder);
char *const *findml_audit_command(const findml_tools *tools, const findml_grid *grid,
                                  const config *c, const findml_set *set, bool is_balanced,
                                  const char *folder);

typedef struct findml_work_options {
    const char *runs, *only;
    const char
        *programs; /* where fdml-train and the others are: "build/bin/", or "" for PATH */
    size_t n_jobs;
    bool resume, is_dry;
} findml_work_options;

/* Does what is not done yet. values: [findml_cell_count]. Returns how many cells failed. */
size_t findml_work(findml_values *values, const findml_grid *grid,
                   const findml_work_options *options, const cli_common *common);

/* The results: views of the values. */
typedef struct findml_results {
    const findml_grid *grid;
    const findml_values *values; /* [findml_cell_count] */
    size_t n_failed;
} findml_results;

/* What a method came to with one data set and objective; direction is that of the measure. */
findml_spread findml_spread_over(const findml_results *results, const findml_cell *cell,
                                 findml_measure measure);
findml_change findml_change_over(const findml_results *results, const findml_cell *cell,
                                 findml_measure measure);

enum { FINDML_TABLE, FINDML_MD, FINDML_LATEX, FINDML_CSV, FINDML_JSON };
void findml_tables_write(FILE *file, const findml_results *results, int format,
                         fdml_arena *arena);
/* A sentence or more for each method but the baseline, told by `print`. cell: its set and
 * objective are looked at. */
typedef void findml_print(void *ctx, const char *sentence);
void findml_words(const findml_results *results, const findml_cell *cell, findml_print *print,
                  void *ctx);
void findml_csv_write(FILE *file, const findml_results *results);
void findml_json_write(FILE *file, const findml_results *results);
void findml_plot_write(FILE *file, const findml_results *results);

#endif
