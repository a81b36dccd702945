/* blackbox_outside.c - black boxes that are not ours: probabilities in a file, a command.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/parallel.h"
#include "data/matrix.h"
#include "explain/blackbox.h"

/* --- given probabilities ---------------------------------------------------------------- */

static fdml_status refuse(void *ctx, double *p, const float *x, size_t n, int thread,
                          fdml_error *err)
{
    (void)p, (void)x, (void)thread;
    return fdml_fail(err, FDML_E_UNSUPPORTED,
                     "%s gives probabilities of the table's rows alone, and %zu new rows are "
                     "asked for: this explanation needs a model or a command",
                     (const char *)ctx, n);
}

static size_t count_test(const fdml_tabular *t)
{
    size_t n = 0;
    for (size_t i = 0; t->part && i < t->n_rows; i++) n += t->part[i] == FDML_PART_TEST;
    return n;
}

static fdml_status take_values(double *given, const fdml_matrix *m, const char *spec,
                               const fdml_tabular *t, fdml_error *err)
{
    const size_t n_test = count_test(t);
    if (m->dim != 1 && m->dim != 2)
        return fdml_fail(err, FDML_E_FORMAT, "%s: %zu columns, expected P(1), or P(0) and P(1)",
                         spec, m->dim);
    if (m->n_rows != t->n_rows && m->n_rows != n_test)
        return fdml_fail(err, FDML_E_DATA,
                         "%s: %zu probabilities, expected %zu (the table's rows) or %zu (its "
                         "test rows)",
                         spec, m->n_rows, t->n_rows, n_test);
    const bool is_whole = m->n_rows == t->n_rows;
    for (size_t i = 0, k = 0; i < t->n_rows; i++) {
        given[i] = NAN;
        if (!is_whole && t->part[i] != FDML_PART_TEST) continue;
        const double p = (double)m->data[k++ * m->dim + m->dim - 1];
        if (!(p >= 0 && p <= 1) && !(is_whole && isnan(p)))
            return fdml_fail(err, FDML_E_DATA, "%s: row %zu is %g, expected 0 to 1", spec, k,
                             p);
        given[i] = p;
    }
    return FDML_OK;
}

fdml_status fdml_blackbox_given(fdml_blackbox *b, const char *spec, const fdml_tabular *t,
                                fdml_arena *arena, fdml_error *err)
{
    double *given = fdml_arena_push(arena, t->n_rows, sizeof *given);
    char *name = fdml_arena_copy_text(arena, spec, strlen(spec));
    if (!given || !name)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for %zu probabilities", t->n_rows);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    fdml_matrix m;
    FDML_TRY(fdml_matrix_open_list(&m, spec, arena, err));
    const fdml_status status = take_values(given, &m, spec, t, err);
    fdml_matrix_close(&m);
    fdml_arena_reset(arena, mark);
    FDML_TRY(status);
    *b = (fdml_blackbox){ .ctx = name, .predict = refuse, .given = given };
    return FDML_OK;
}

/* --- a command -------------------------------------------------------------------------- */

typedef struct command {
    fdml_blackbox_pipe pipe;
    const fdml_feature *feature;
    size_t n_features, n_asked; /* rows so far, for messages */
    char *text;                 /* of a batch */
    fdml_lock lock;
    bool is_greeted;
    fdml_error failed; /* the first time; FDML_OK: not yet */
} command;

/* Quoted where CSV needs it; returns the end. */
static char *put_text(char *to, const char *text)
{
    if (!strpbrk(text, ",\"\r\n") && *text && *text != ' ') {
        const size_t n = strlen(text);
        memcpy(to, text, n);
        return to + n;
    }
    *to++ = '"';
    for (; *text; text++) {
        if (*text == '"') *to++ = '"';
        *to++ = *text;
    }
    *to++ = '"';
    return to;
}

static bool is_unknown(const fdml_feature *f, float x)
{
    return f->kind == FDML_CATEGORICAL ? f->level[(size_t)x] == fdml_tabular_missing_level
                                       : isnan(x);
}

static char *put_row(char *to, const command *c, const float *x)
{
    for (size_t f = 0; f < c->n_features; f++) {
        if (f) *to++ = ',';
        if (is_unknown(&c->feature[f], x[f])) {
            if (c->n_features == 1) to = put_text(to, ""); /* an empty line ends the batch */
        } else if (c->feature[f].kind == FDML_CATEGORICAL) {
            to = put_text(to, c->feature[f].level[(size_t)x[f]]);
        } else {
            fdml_number_print_float(to, x[f]);
            to += strlen(to);
        }
    }
    *to++ = '\n';
    return to;
}

static fdml_status greet(command *c, fdml_error *err)
{
    char *to = c->text;
    for (size_t f = 0; f < c->n_features; f++) {
        if (f) *to++ = ',';
        to = put_text(to, c->feature[f].name);
    }
    *to++ = '\n';
    c->is_greeted = true;
    return c->pipe.send(c->pipe.ctx, c->text, (size_t)(to - c->text), err);
}

enum { SHOWN = 40 }; /* characters of a line, in messages */

static int shown(size_t length)
{
    return (int)(length < SHOWN ? length : SHOWN);
}

/* Nothing but answers may come. */
static fdml_status refuse_surplus(const command *c, bool is_last, fdml_error *err)
{
    const char *line;
    size_t length;
    FDML_TRY(c->pipe.surplus(c->pipe.ctx, is_last, &line, &length, err));
    if (!line) return FDML_OK;
    return fdml_fail(err, FDML_E_DATA,
                     "%s: wrote '%.*s' beyond the %zu answers that were asked for; all that is "
                     "no answer belongs on standard error",
                     c->pipe.name, shown(length), line, c->n_asked);
}

static bool is_blank(const char *line, size_t length)
{
    while (length && memchr(" \t\r", line[length - 1], 3)) length--;
    return !length;
}

/* The first answer of a batch: before it there may be blank lines, but not without end. */
static fdml_status receive_first(command *c, const char **line, size_t *length, fdml_error *err)
{
    for (int i = 0; i < FDML_COMMAND_BATCH; i++) {
        FDML_TRY(c->pipe.receive(c->pipe.ctx, line, length, err));
        if (!*line || !is_blank(*line, *length)) return FDML_OK;
    }
    return FDML_OK;
}

static fdml_status read_answers(double *p, command *c, size_t n, fdml_error *err)
{
    for (size_t i = 0; i < n; i++) {
        const char *line;
        size_t length;
        double value;
        FDML_TRY(i ? c->pipe.receive(c->pipe.ctx, &line, &length, err)
                   : receive_first(c, &line, &length, err));
        if (!line)
            return fdml_fail(
                err, FDML_E_IO, "%s ended (%s) after %zu answers, %zu rows were asked",
                c->pipe.name, c->pipe.ending(c->pipe.ctx), c->n_asked + i, c->n_asked + n);
        if (!fdml_number_double(&value, line, length) || !(value >= 0 && value <= 1))
            return fdml_fail(err, FDML_E_DATA,
                             "%s: answer %zu is '%.*s', expected a number from 0 to 1",
                             c->pipe.name, c->n_asked + i + 1, shown(length), line);
        p[i] = value;
    }
    c->n_asked += n;
    return FDML_OK;
}

static fdml_status ask_batch(double *p, command *c, const float *x, size_t n, fdml_error *err)
{
    FDML_TRY(refuse_surplus(c, false, err));
    if (!c->is_greeted) FDML_TRY(greet(c, err));
    char *to = c->text;
    for (size_t i = 0; i < n; i++) to = put_row(to, c, x + i * c->n_features);
    *to++ = '\n';
    FDML_TRY(c->pipe.send(c->pipe.ctx, c->text, (size_t)(to - c->text), err));
    return read_answers(p, c, n, err);
}

static fdml_status ask_command(void *ctx, double *p, const float *x, size_t n, int thread,
                               fdml_error *err)
{
    (void)thread;
    command *c = ctx;
    fdml_lock_take(&c->lock);
    for (size_t first = 0; first < n && c->failed.status == FDML_OK;
         first += FDML_COMMAND_BATCH) {
        const size_t left = n - first;
        const size_t n_here = left < FDML_COMMAND_BATCH ? left : FDML_COMMAND_BATCH;
        fdml_error e = { .status = FDML_OK };
        if (ask_batch(p + first, c, x + first * c->n_features, n_here, &e)) c->failed = e;
    }
    const fdml_status status = c->failed.status;
    if (status != FDML_OK && err) *err = c->failed;
    fdml_lock_drop(&c->lock);
    return status;
}

fdml_status fdml_blackbox_command_end(const fdml_blackbox *b, fdml_error *err)
{
    const command *c = b->ctx;
    if (c->failed.status == FDML_OK) return refuse_surplus(c, true, err);
    if (err) *err = c->failed;
    return c->failed.status;
}

/* Bytes of one field at most, its comma included. */
static size_t field_size(const fdml_feature *f)
{
    size_t most = FDML_NUMBER_TEXT;
    for (uint32_t v = 0; v < f->n_levels; v++) {
        const size_t size = 2 * strlen(f->level[v]) + 3;
        if (size > most) most = size;
    }
    return most + 1;
}

fdml_status fdml_blackbox_command(fdml_blackbox *b, const fdml_blackbox_pipe *pipe,
                                  const fdml_tabular *t, fdml_arena *arena, fdml_error *err)
{
    size_t row_size = 2, names_size = 2;
    for (size_t f = 0; f < t->n_features; f++) {
        row_size += field_size(&t->feature[f]);
        names_size += 2 * strlen(t->feature[f].name) + 4;
    }
    const size_t size = FDML_COMMAND_BATCH * row_size + names_size;
    command *c = fdml_arena_push_zero(arena, 1, sizeof *c);
    char *text = fdml_arena_push(arena, size, 1);
    if (!c || !text)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for %zu bytes of rows", size);
    c->pipe = *pipe;
    c->feature = t->feature;
    c->n_features = t->n_features;
    c->text = text;
    *b = (fdml_blackbox){ .ctx = c, .can_predict_new_rows = true, .predict = ask_command };
    return FDML_OK;
}
