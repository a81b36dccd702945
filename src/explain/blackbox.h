/* blackbox.h - anything that turns raw rows into P(target = 1).
 *
 * Trained here, with the settings of Balagopalan et al., "The Road to Explainability is Paved
 * with Bias" (FAccT 2022): logistic regression (logit.h) or a perceptron with one hidden layer
 * (perceptron.h, scikit-learn's MLPClassifier), of the candidates the one whose mean AUROC over
 * stratified folds is largest, of equal ones the first; then trained on all rows. The encoder
 * is fitted to each fold's training rows, as a pipeline in GridSearchCV is.
 *
 * Or from outside: probabilities of the table's rows, which say nothing of new rows, so that
 * LIME and SHAP must refuse them; or a command that answers rows (fdml_blackbox_command).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_BLACKBOX_H
#define FDML_EXPLAIN_BLACKBOX_H

#include <stdbool.h>

#include "eval/samples.h"
#include "explain/encode.h"

typedef struct fdml_blackbox {
    void *ctx;
    bool can_predict_new_rows;
    /* p: [n], x: [n, n_features] raw. Reentrant by thread index; where it cannot predict new
     * rows, FDML_E_UNSUPPORTED. */
    fdml_status (*predict)(void *ctx, double *p, const float *x, size_t n, int thread,
                           fdml_error *err);
    const double *given; /* [rows of the table] NaN: none; NULL: predict is asked */
    /* Of one that is trained here or of an ONNX model: what its inputs are made by, and predict
     * for rows z [n, encoder->dim] that are made already. NULL otherwise. */
    const fdml_encoder *encoder;
    fdml_status (*predict_encoded)(void *ctx, double *p, const float *z, size_t n, int thread,
                                   fdml_error *err);
} fdml_blackbox;

/* The same model as a black box whose rows are encoded rows: for SHAP with encoded columns for
 * players. Borrows b->ctx. Where b has no predict_encoded, it cannot predict new rows. */
fdml_blackbox fdml_blackbox_of_encoded(const fdml_blackbox *b);

/* p: [n], of rows of the table. FDML_E_DATA: a row without a given probability. The first:
 * bytes of scratch, at most, for any number of rows: what the threads work in. */
double fdml_blackbox_rows_memory(const fdml_tabular *t, int n_threads);
fdml_status fdml_blackbox_rows(double *p, const fdml_blackbox *b, const fdml_tabular *t,
                               const uint32_t *row, size_t n, int n_threads,
                               fdml_arena *scratch, fdml_error *err);

/* --- blackbox_train.c --------------------------------------------------------------------- */

typedef enum { FDML_BLACKBOX_LOGISTIC, FDML_BLACKBOX_MLP } fdml_blackbox_kind;

typedef struct fdml_blackbox_options {
    fdml_blackbox_kind kind;
    const double *candidate; /* ascending C, or hidden units; NULL: the paper's, 25 of
                                10^linspace(-5, 1), or 50, 100, 200 */
    size_t n_candidates;     /* one: no cross-validation */
    unsigned n_folds;        /* the paper's are 5 */
    uint64_t seed;           /* of the perceptrons */
    fdml_workers workers;    /* threads also of predict */
} fdml_blackbox_options;

typedef struct fdml_blackbox_choice {
    const double *candidate; /* [n_candidates] */
    const double *auroc;     /* [n_candidates] mean over folds, NaN without cross-validation */
    size_t n_candidates, chosen;
    unsigned n_rounds; /* of the last training: Newton steps, or epochs */
    double loss;       /* where it ended: as in logit.h and perceptron.h */
} fdml_blackbox_choice;

/* row: [n] training rows, repeated ones counting as often. Both results are in `arena` and
 * borrow the table's features. FDML_E_DATA: one target value alone, or fewer rows of one than
 * folds. FDML_E_NOMEM. */
fdml_status fdml_blackbox_train(fdml_blackbox *b, fdml_blackbox_choice *choice,
                                const fdml_tabular *t, const uint32_t *row, size_t n,
                                const fdml_blackbox_options *options, fdml_arena *arena,
                                fdml_error *err);

/* Bytes, at most, that training on n rows takes while it runs: of `arena` and of the arenas
 * that its threads have of their own. */
double fdml_blackbox_train_memory(const fdml_tabular *t, size_t n,
                                  const fdml_blackbox_options *options);
/* Bytes of `arena`, at most, that the black box then keeps. */
double fdml_blackbox_trained_memory(const fdml_tabular *t,
                                    const fdml_blackbox_options *options);

/* --- blackbox_outside.c ------------------------------------------------------------------- */

/* Probabilities computed elsewhere: a matrix or list (matrix.h) of one column P(1) or of two,
 * P(0) and P(1), with a row for each of the table's, or for each of its test rows in their
 * order. Read in single precision. FDML_E_DATA names the row that is none from 0 to 1; NaN, in
 * a table's row, says that none is given. */
fdml_status fdml_blackbox_given(fdml_blackbox *b, const char *spec, const fdml_tabular *t,
                                fdml_arena *arena, fdml_error *err);

/* A process that somebody else keeps open. */
typedef struct fdml_blackbox_pipe {
    void *ctx;
    const char *name; /* for messages */
    fdml_status (*send)(void *ctx, const char *text, size_t size, fdml_error *err);
    /* One line without its end, valid until the next call; *line = NULL where output ended. */
    fdml_status (*receive)(void *ctx, const char **line, size_t *length, fdml_error *err);
    /* The first line beyond those received that is not blank, as far as it is there already;
     * *line = NULL where there is none. Unless is_last it does not wait. At last it closes the
     * input and looks at all that comes until the output ends. */
    fdml_status (*surplus)(void *ctx, bool is_last, const char **line, size_t *length,
                           fdml_error *err);
    const char *(*ending)(void *ctx); /* once output ended: "exit status 1", "signal 9" */
} fdml_blackbox_pipe;

/* The command reads CSV: first a line with the features' names, then rows in their units, a
 * category as its text, what is unknown, number or category, as an empty field (a lone one as
 * ""). Numbers are of single precision,
 * each as the shortest text that is the same float: a cell 0.1 arrives as 0.1, but 16777217 as
 * 16777216. An empty line ends a batch of at
 * most FDML_COMMAND_BATCH rows: the command then writes one line with P(target = 1) for each
 * row, and flushes. A batch's answers fit into any system's pipe, so that neither waits for the
 * other. Threads take turns. Blank lines before a batch's first answer are passed over (those
 * behind the last answers, which may come late), others are answers that are no number.
 *
 * One line too many would shift all answers behind it, so whatever is there before a batch is
 * sent is refused, and fdml_blackbox_command_end, after the last predict, refuses what is left:
 * together, as many answers as rows, whenever they come. FDML_E_IO: the command ended or
 * answered too few rows; FDML_E_DATA: an answer that is no number from 0 to 1, or one that
 * nobody asked for. After a failure nothing more is asked, and every call, of any thread, fails
 * with the first one's sentence: that of a later one would be of its wake. */
enum { FDML_COMMAND_BATCH = 512 };
fdml_status fdml_blackbox_command(fdml_blackbox *b, const fdml_blackbox_pipe *pipe,
                                  const fdml_tabular *t, fdml_arena *arena, fdml_error *err);
fdml_status fdml_blackbox_command_end(const fdml_blackbox *b, fdml_error *err);

#endif
