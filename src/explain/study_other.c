/* study_other.c - see study_other.h.
 * SPDX-License-Identifier: MIT */
#include "explain/study_other.h"

#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/option.h"

enum { ROW, TARGET, BOX, SEED, P, METHOD, E, COLUMNS };
static const char *const names[COLUMNS] = { "row", "target", "black_box", "seed",
                                            "p",   "method", "e" };

typedef struct reading {
    const fdml_table *file;
    const fdml_tabular *t;
    const fdml_study_options *o;
    size_t column[COLUMNS];
    size_t *group;   /* [t->n_protected] a column, or SIZE_MAX */
    uint32_t *place; /* [n_rows] a test row's place, or UINT32_MAX */
    size_t n_test;
    bool is_any_box; /* names of black boxes do not matter */
    double *p, *e;   /* [n_sources, n_methods, n_seeds, n_test] NaN: not given */
    size_t *n_given; /* [n_sources, n_methods] */
    fdml_error *err;
} reading;

static fdml_status no_memory(const reading *r)
{
    return fdml_fail(r->err, FDML_E_NOMEM, "%s: no memory for its answers", r->file->path);
}

static const char *cell(const reading *r, size_t line, int which)
{
    return fdml_table_cell(r->file, line, r->column[which]);
}

static fdml_status refuse(const reading *r, size_t line, int which, const char *expected)
{
    return fdml_fail(r->err, FDML_E_DATA, "%s:%u: %s is '%.60s', expected %s", r->file->path,
                     (unsigned)r->file->line[line], names[which], cell(r, line, which),
                     expected);
}

/* Whether this run has what the line is of. */
static bool find(size_t *b, size_t *k, size_t *s, const reading *r, size_t line)
{
    const fdml_study_options *o = r->o;
    uint64_t seed;
    *b = *k = *s = 0;
    while (!r->is_any_box && *b < o->n_sources &&
           strcmp(o->source[*b].name, cell(r, line, BOX)) != 0)
        ++*b;
    while (*k < o->n_methods && strcmp(o->method[*k].text, cell(r, line, METHOD)) != 0) ++*k;
    if (!fdml_count_parse(&seed, cell(r, line, SEED))) return false;
    while (*s < o->n_seeds && o->seed[*s] != seed) ++*s;
    return *b < o->n_sources && *k < o->n_methods && *s < o->n_seeds;
}

/* A row of the same number may be another person's, where the table was sorted or drawn anew.
 */
static fdml_status check_person(const reading *r, size_t line, size_t row)
{
    const fdml_tabular *t = r->t;
    const char *target = cell(r, line, TARGET);
    if (strcmp(target, t->target[row] ? "1" : "0") != 0)
        return fdml_fail(r->err, FDML_E_DATA,
                         "%s:%u: row %zu has target '%.60s', and %d in the table: this is not "
                         "the same table",
                         r->file->path, (unsigned)r->file->line[line], row + 1, target,
                         t->target[row]);
    for (size_t c = 0; c < t->n_protected; c++) {
        if (r->group[c] == SIZE_MAX) continue;
        const char *given = fdml_table_cell(r->file, line, r->group[c]);
        const char *own = t->protected_[c].level[t->protected_[c].code[row]];
        if (strcmp(given, own) != 0)
            return fdml_fail(r->err, FDML_E_DATA,
                             "%s:%u: row %zu has %.60s '%.60s', and '%.60s' in the table: this "
                             "is not the same table",
                             r->file->path, (unsigned)r->file->line[line], row + 1,
                             t->protected_[c].name, given, own);
    }
    return FDML_OK;
}

static fdml_status read_line(reading *r, size_t line)
{
    size_t b, k, s;
    uint64_t row;
    double p, e;
    const char *text_p = cell(r, line, P), *text_e = cell(r, line, E);
    if (!find(&b, &k, &s, r, line)) return FDML_OK;
    if (!fdml_count_parse(&row, cell(r, line, ROW)) || row < 1 || row > r->t->n_rows ||
        r->place[row - 1] == UINT32_MAX)
        return refuse(r, line, ROW, "a test row of the table");
    FDML_TRY(check_person(r, line, (size_t)row - 1));
    if (!fdml_number_double(&p, text_p, strlen(text_p)) || !(p >= 0 && p <= 1))
        return refuse(r, line, P, "a number from 0 to 1");
    if (!fdml_number_double(&e, text_e, strlen(text_e)) || !isfinite(e))
        return refuse(r, line, E, "a finite number");
    const size_t of = b * r->o->n_methods + k;
    const size_t at = (of * r->o->n_seeds + s) * r->n_test + r->place[row - 1];
    if (!isnan(r->p[at]))
        return fdml_fail(r->err, FDML_E_DATA, "%s:%u: row %.20s is given twice for %.60s",
                         r->file->path, (unsigned)r->file->line[line], cell(r, line, ROW),
                         cell(r, line, METHOD));
    r->p[at] = p;
    r->e[at] = e;
    r->n_given[of]++;
    return FDML_OK;
}

static bool has_one_box(const reading *r)
{
    for (size_t i = 1; i < r->file->n_rows; i++)
        if (strcmp(cell(r, i, BOX), cell(r, 0, BOX)) != 0) return false;
    return r->o->n_sources == 1;
}

static fdml_status find_columns(reading *r, fdml_arena *arena)
{
    const size_t n = r->t->n_protected;
    for (int i = 0; i < COLUMNS; i++)
        FDML_TRY(fdml_table_find(r->file, names[i], &r->column[i], r->err));
    r->group = fdml_arena_push(arena, n, sizeof *r->group);
    if (!r->group) return no_memory(r);
    for (size_t c = 0; c < n; c++)
        if (fdml_table_find(r->file, r->t->protected_[c].name, &r->group[c], NULL))
            r->group[c] = SIZE_MAX;
    return FDML_OK;
}

static fdml_status prepare(reading *r, fdml_arena *arena)
{
    const fdml_study_options *o = r->o;
    const fdml_tabular *t = r->t;
    FDML_TRY(find_columns(r, arena));
    r->is_any_box = has_one_box(r);
    r->place = fdml_arena_push(arena, t->n_rows, sizeof *r->place);
    if (!r->place) return no_memory(r);
    for (size_t i = 0; i < t->n_rows; i++)
        r->place[i] = t->part[i] == FDML_PART_TEST ? (uint32_t)r->n_test++ : UINT32_MAX;
    const size_t n = o->n_sources * o->n_methods, n_all = n * o->n_seeds * r->n_test;
    r->p = fdml_arena_push(arena, n_all, sizeof *r->p);
    r->e = fdml_arena_push(arena, n_all, sizeof *r->e);
    r->n_given = fdml_arena_push_zero(arena, n, sizeof *r->n_given);
    if (!r->p || !r->e || !r->n_given) return no_memory(r);
    for (size_t i = 0; i < n_all; i++) r->p[i] = NAN;
    return FDML_OK;
}

/* A method is there with all rows of all seeds, or not at all. */
static fdml_status take(fdml_study_answers *of, const reading *r)
{
    const fdml_study_options *o = r->o;
    const size_t wanted = o->n_seeds * r->n_test;
    bool has_any = false;
    for (size_t i = 0; i < o->n_sources * o->n_methods; i++) {
        of[i] = (fdml_study_answers){ NULL, NULL };
        if (!r->n_given[i]) continue;
        if (r->n_given[i] != wanted)
            return fdml_fail(r->err, FDML_E_DATA,
                             "%s: %zu answers of %.60s, expected %zu: %zu test rows by %zu "
                             "seeds",
                             r->file->path, r->n_given[i], o->method[i % o->n_methods].text,
                             wanted, r->n_test, o->n_seeds);
        of[i] = (fdml_study_answers){ r->p + i * wanted, r->e + i * wanted };
        has_any = true;
    }
    if (has_any) return FDML_OK;
    return fdml_fail(r->err, FDML_E_DATA,
                     "%s: no line is of a black box, method and seed of this run",
                     r->file->path);
}

fdml_status fdml_study_other_read(fdml_study_other *other, const fdml_table *file,
                                  const fdml_tabular *table, const fdml_study_options *options,
                                  fdml_arena *arena, fdml_error *err)
{
    reading r = { .file = file, .t = table, .o = options, .err = err };
    FDML_TRY(prepare(&r, arena));
    for (size_t i = 0; i < file->n_rows; i++) FDML_TRY(read_line(&r, i));
    fdml_study_answers *of =
        fdml_arena_push(arena, options->n_sources * options->n_methods, sizeof *of);
    if (!of) return no_memory(&r);
    FDML_TRY(take(of, &r));
    *other = (fdml_study_other){ file->path, of };
    return FDML_OK;
}
