/* fdml.h - audits an embedding in memory: does it treat groups alike?
 *
 * Rows of floats and what is known about them go in; retrieval, clustering, geometry and
 * verification come out, overall and per group, with intervals and tests of the gaps. It is
 * what `fdml-eval` computes, without files: the same data and options give the same
 * result_sha256, on any machine and with any number of threads.
 *
 *     fdml_dataset *data;
 *     fdml_options *options;
 *     fdml_result *result;
 *     fdml_error err;
 *     fdml_gap gap;
 *     if (fdml_dataset_new(&data, rows, n_rows, dim, &err) ||
 *         fdml_dataset_label(data, "identity", names, &err) ||
 *         fdml_dataset_group(data, "gender", genders, &err) ||
 *         fdml_options_new(&options, &err) ||
 *         fdml_options_set(options, "metrics", "retrieval", &err) ||
 *         fdml_dataset_audit(&result, data, options, &err) ||
 *         fdml_result_gap(&gap, result, "recall_at_1", "gender", &err))
 *         puts(err.text);
 *
 * Errors. A function that can fail returns a status, FDML_OK being 0, and takes an fdml_error
 * last (NULL is allowed), which it fills on failure only. On failure outputs, handles and what
 * they hold are as before.
 *
 * Ownership. A handle belongs to the caller until its _free function, which allows NULL. The
 * rows are borrowed by the data set until it is freed; every other argument is copied or used
 * within the call. Texts that a function returns belong to the handle they came from. A result
 * stands alone: its data set, options and rows may go before it.
 *
 * Threads. Nothing is global. Calls on different handles may run at the same time, and so may
 * calls that take a handle as const, audits of one data set among them; a call that changes or
 * frees a handle must be alone with it. An audit runs its own threads (option "threads") and
 * returns when they are done.
 *
 * The library prints nothing, opens no file and never ends the process. Everything it exports
 * starts with fdml_; names that are not in this header are not for use. Structures may grow at
 * their end with FDML_API.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_H
#define FDML_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FDML_API 1

const char *fdml_version(void); /* "0.1.0"; static */
const char *fdml_commit(void);  /* of the sources, or "unknown"; static */

/* --- errors ---------------------------------------------------------------------------- */

typedef enum fdml_status {
    FDML_OK = 0,
    FDML_E_ARG,         /* an option or argument out of its range */
    FDML_E_IO,          /* the operating system refused: open, read, write */
    FDML_E_FORMAT,      /* a file is not what its name or header says */
    FDML_E_DATA,        /* well-formed input that cannot be computed with: NaN, empty label */
    FDML_E_UNSUPPORTED, /* valid, but outside what fdml implements or this processor runs */
    FDML_E_LIMIT,       /* a stated limit, such as max-memory, is too small */
    FDML_E_NOMEM        /* the system has no memory left */
} fdml_status;

#define FDML_ERROR_MAX 512

typedef struct fdml_error {
    fdml_status status;
    char text[FDML_ERROR_MAX]; /* one sentence, no newline: what, which value, which limit */
} fdml_error;

/* --- data ------------------------------------------------------------------------------ */

typedef struct fdml_dataset fdml_dataset;

/* rows: [n_rows, dim], one item after the other; 1 to 2,147,483,647 rows, dim at least 1. They
 * are read by fdml_dataset_audit only, which checks their values. */
fdml_status fdml_dataset_new(fdml_dataset **dataset, const float *rows, size_t n_rows,
                             size_t dim, fdml_error *err);
void fdml_dataset_free(fdml_dataset *dataset);

/* Columns. values: [n_rows], each a NUL-terminated text that is not empty (UTF-8, for reports),
 * or a number. `name` is the column's in messages and reports. FDML_E_DATA names the row of an
 * empty or NULL value. Numbers are the same as their decimal text.
 *
 * label: the class to retrieve, the only column an audit must have. group: a sensitive
 * attribute; at most six, of different names. exclude_same: a match with the query's value here
 * does not count (the same camera, the same session). A label or exclude_same that is set again
 * replaces the former. */
fdml_status fdml_dataset_label(fdml_dataset *dataset, const char *name,
                               const char *const *values, fdml_error *err);
fdml_status fdml_dataset_label_ids(fdml_dataset *dataset, const char *name,
                                   const int64_t *values, fdml_error *err);
fdml_status fdml_dataset_group(fdml_dataset *dataset, const char *name,
                               const char *const *values, fdml_error *err);
fdml_status fdml_dataset_group_ids(fdml_dataset *dataset, const char *name,
                                   const int64_t *values, fdml_error *err);
fdml_status fdml_dataset_exclude_same(fdml_dataset *dataset, const char *name,
                                      const char *const *values, fdml_error *err);
fdml_status fdml_dataset_exclude_same_ids(fdml_dataset *dataset, const char *name,
                                          const int64_t *values, fdml_error *err);

/* flags: [n_rows], not 0 for the rows that ask, and for those that answer; FDML_E_DATA where
 * all are 0. Without a call all rows ask, and all answer. A row never finds itself. */
fdml_status fdml_dataset_query(fdml_dataset *dataset, const uint8_t *flags, fdml_error *err);
fdml_status fdml_dataset_gallery(fdml_dataset *dataset, const uint8_t *flags, fdml_error *err);

/* --- options --------------------------------------------------------------------------- */

typedef struct fdml_options fdml_options;

fdml_status fdml_options_new(fdml_options **options, fdml_error *err); /* all defaults */
void fdml_options_free(fdml_options *options);

/* Names, values, limits and defaults are those of fdml-eval's long options, see its man page:
 *   distance metrics k convention alignment-power kmeans-iterations kmeans-redo fmr
 *   no-intersections reference min-group bootstrap confidence unit permutations seed
 *   threads isa max-memory
 * as in ("metrics", "retrieval,nmi"), ("k", "1,10"), ("max-memory", "512M"). A later value
 * replaces an earlier one. Switches take the value NULL: ("no-intersections", NULL).
 * max-memory does not count the rows. FDML_E_ARG: "k: '0' is not a whole number from 1 to
 * 65535", "unknown option 'metrcs'; did you mean metrics?". Whether there is such a metric,
 * group or instruction set is found by the audit. */
fdml_status fdml_options_set(fdml_options *options, const char *name, const char *value,
                             fdml_error *err);

/* `report` is called from the thread that runs the audit or one of its own, never from two at
 * once: `done` of `total` in units of the phase, whose name is static. It should be quick and
 * must not leave by longjmp or an exception. NULL: nobody listens. */
typedef void fdml_progress_fn(void *ctx, const char *phase, double done, double total);
void fdml_options_on_progress(fdml_options *options, fdml_progress_fn *report, void *ctx);

/* --- the audit ------------------------------------------------------------------------- */

typedef struct fdml_result fdml_result;

/* options NULL: all defaults. FDML_E_DATA: a row is not finite, or has no length under cosine;
 * a column has one value only; no query has anything to find. FDML_E_ARG: no label; an unknown
 * metric; a K or a reference that the data do not have. FDML_E_LIMIT: max-memory.
 * FDML_E_UNSUPPORTED: the processor, or "isa". FDML_E_NOMEM. */
fdml_status fdml_dataset_audit(fdml_result **result, const fdml_dataset *dataset,
                               const fdml_options *options, fdml_error *err);
void fdml_result_free(fdml_result *result);

/* One number. lo..hi is its interval at the confidence asked for, NaN where there is none; n is
 * what it is a mean over: queries, pairs, rows, or for a gap groups. Where the number may not
 * be given it is NaN, and `why` says why ("insufficient data (n=7 < 20)"); else why is NULL. */
typedef struct fdml_value {
    double value, lo, hi;
    size_t n;
    const char *why;
} fdml_value;

/* `metric` is a key such as "recall_at_1", or, overall, "eer", "auc" and "accuracy" of
 * verification. `by` and `group` name a group: "gender", "F", or "gender x race", "F x Asian";
 * both NULL: overall. "leakage_logistic" and "leakage_knn" are of an attribute: `by` "gender",
 * `group` NULL. "logistic.balanced_over.macro_f1" and the like are of downstream classifiers,
 * balanced for `by`, with `group` NULL of all rows; "@column" behind it names the target where
 * there are several. FDML_E_ARG: the result has no such metric or group. */
fdml_status fdml_result_value(fdml_value *value, const fdml_result *result, const char *metric,
                              const char *by, const char *group, fdml_error *err);

/* The group minus the reference. */
fdml_status fdml_result_versus(fdml_value *value, const fdml_result *result, const char *metric,
                               const char *by, const char *group, fdml_error *err);

/* How far the groups of one attribute, or combination of attributes, lie apart. */
typedef struct fdml_gap {
    fdml_value difference;    /* largest minus smallest */
    fdml_value ratio;         /* smallest over largest */
    const char *best, *worst; /* groups, by the metric's direction; NULL: not given */
    double p, p_holm;         /* p_holm: corrected for all gaps of the result; NaN: no test */
    const char *p_method;     /* "permutation", "bootstrap" or NULL */
} fdml_gap;

fdml_status fdml_result_gap(fdml_gap *gap, const fdml_result *result, const char *metric,
                            const char *by, fdml_error *err);

/* What there is. Metrics and warnings: NULL from the end on. Groups: 1, or 0 from the end on.
 */
typedef struct fdml_group {
    const char *by, *value;
    size_t n_rows, n_queries;
    size_t n_lone; /* of the queries, those without anything to find; means leave them out */
} fdml_group;

typedef struct fdml_totals {
    size_t n_rows, n_queries, n_gallery, n_classes, n_lone;
} fdml_totals;

const char *fdml_result_metric(const fdml_result *result, size_t index);
int fdml_result_group(fdml_group *group, const fdml_result *result, size_t index);
const char *fdml_result_warning(const fdml_result *result, size_t index);
void fdml_result_totals(fdml_totals *totals, const fdml_result *result);

/* The report of `fdml-eval --format json`, schema "fdml-eval/1", NUL-terminated UTF-8; it holds
 * every number, verification at each threshold among them. Its one input is called "memory". */
const char *fdml_result_json(const fdml_result *result);

/* 64 digits that name the numbers of the result: equal numbers, equal digits. */
const char *fdml_result_sha256(const fdml_result *result);

#ifdef __cplusplus
}
#endif

#endif
