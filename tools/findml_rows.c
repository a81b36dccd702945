/* findml_rows.c - the rows of one part of the data as a table (and matrix) of their own, which
 * is what an audit wants: leakage, for one, looks at every row it is given. See findml.h.
 *
 * A part is a value of the split column, such as `balanced`, or what fdml-train made of a row
 * (run/rows.csv): `test` is known even where the classes were halved by data.zero_shot.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "data/csv_write.h"
#include "data/matrix.h"
#include "data/npy_write.h"
#include "data/pictures.h"
#include "findml.h"

typedef struct rows {
    const config *c;
    const findml_set *set;
    const char *part;
    fdml_pictures pictures; /* of embeddings the table alone */
    fdml_table parts;       /* run/rows.csv */
    uint32_t *row;          /* [n] */
    size_t n;
    char here[FDML_PATH_SIZE];
} rows;

static fdml_status open_tables(rows *r, const char *folder, fdml_arena *arena, fdml_error *err)
{
    char path[FDML_PATH_SIZE + 16];
    const config *c = r->c;
    const fdml_pictures_options options = { .path_column = c->data.path };
    snprintf(path, sizeof path, "%s/run/rows.csv", folder);
    const char *kept = fdml_arena_copy_text(arena, path, strlen(path));
    if (!kept) return fdml_fail(err, FDML_E_NOMEM, "%s: no memory", path);
    FDML_TRY(fdml_table_open(&r->parts, kept, arena, err));
    if (c->data.images)
        FDML_TRY(fdml_pictures_open(&r->pictures, c->data.images, &options, arena, err));
    else
        FDML_TRY(fdml_table_open(&r->pictures.table, c->data.labels, arena, err));
    if (r->parts.n_rows == r->pictures.table.n_rows) return FDML_OK;
    return fdml_fail(err, FDML_E_DATA, "%s: %zu rows, but the data have %zu", kept,
                     r->parts.n_rows, r->pictures.table.n_rows);
}

static fdml_status choose(rows *r, fdml_arena *arena, fdml_error *err)
{
    const fdml_table *table = &r->pictures.table;
    size_t part, split = FDML_NO_COLUMN;
    FDML_TRY(fdml_table_find(&r->parts, "part", &part, err));
    if (r->c->data.split) FDML_TRY(fdml_table_find(table, r->c->data.split, &split, err));
    r->row = fdml_arena_push(arena, table->n_rows, sizeof *r->row);
    if (!r->row)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu rows", table->path,
                         table->n_rows);
    for (size_t i = 0; i < table->n_rows; i++) {
        const char *fate = fdml_table_cell(&r->parts, i, part);
        const bool is_in =
            !strcmp(fate, r->part) || (split != FDML_NO_COLUMN && strcmp(fate, "bad") != 0 &&
                                       !strcmp(fdml_table_cell(table, i, split), r->part));
        if (is_in) r->row[r->n++] = (uint32_t)i;
    }
    if (r->n) return FDML_OK;
    return fdml_fail(err, FDML_E_DATA, "%s: no row is of part '%s'", table->path, r->part);
}

/* A relative path is relative to the table, which moves: so paths are written from the root. */
static fdml_status put_path(FILE *file, const rows *r, size_t row, fdml_error *err)
{
    char path[FDML_PATH_SIZE], full[2 * FDML_PATH_SIZE];
    FDML_TRY(fdml_pictures_path(path, &r->pictures, row, err));
    snprintf(full, sizeof full, "%s%s%s", *path == '/' ? "" : r->here, *path == '/' ? "" : "/",
             path);
    fdml_csv_put_text(file, full);
    return FDML_OK;
}

static fdml_status put_table(FILE *file, const rows *r, fdml_error *err)
{
    const fdml_table *table = &r->pictures.table;
    size_t column[1 + FDML_LIST_MAX], n = 0;
    FDML_TRY(fdml_table_find(table, r->c->data.label, &column[n++], err));
    for (size_t k = 0; k < r->set->groups.n; k++)
        FDML_TRY(fdml_table_find(table, r->set->groups.item[k], &column[n++], err));
    fputs(r->c->data.images ? "path,label" : "label", file);
    for (size_t k = 1; k < n; k++) {
        fputc(',', file);
        fdml_csv_put_text(file, table->name[column[k]]);
    }
    fputc('\n', file);
    for (size_t i = 0; i < r->n; i++) {
        if (r->c->data.images) FDML_TRY(put_path(file, r, r->row[i], err));
        for (size_t k = 0; k < n; k++) {
            const char *cell = fdml_table_cell(table, r->row[i], column[k]);
            const bool is_missing = k && !*cell && r->c->data.missing_attribute == 1;
            if (k || r->c->data.images) fputc(',', file);
            fdml_csv_put_text(file, is_missing ? "missing" : cell);
        }
        fputc('\n', file);
    }
    return FDML_OK;
}

static fdml_status put_matrix(FILE *file, const rows *r, fdml_arena *arena, fdml_error *err)
{
    fdml_matrix matrix;
    FDML_TRY(fdml_matrix_open(&matrix, r->c->data.embeddings, arena, err));
    fdml_npy_write_header(file, r->n, matrix.dim);
    for (size_t i = 0; i < r->n; i++)
        fdml_npy_write_items(file, matrix.data + r->row[i] * matrix.dim, matrix.dim);
    fdml_matrix_close(&matrix);
    return FDML_OK;
}

static fdml_status write_file(const rows *r, const char *folder, const char *suffix,
                              fdml_arena *arena, fdml_error *err)
{
    char path[FDML_PATH_SIZE];
    fdml_output output;
    const int n = snprintf(path, sizeof path, "%s/%s%s", folder, r->part, suffix);
    if (n < 0 || (size_t)n >= sizeof path)
        return fdml_fail(err, FDML_E_IO, "%s: the path is too long", folder);
    FDML_TRY(fdml_output_open(&output, path, NULL, err));
    const fdml_status status = strcmp(suffix, ".csv") ? put_matrix(output.file, r, arena, err)
                                                      : put_table(output.file, r, err);
    if (!status) return fdml_output_commit(&output, err);
    fdml_output_abort(&output);
    return status;
}

fdml_status findml_rows_write(const char *folder, const config *c, const findml_set *set,
                              const char *part, fdml_error *err)
{
    fdml_arena arena;
    rows r = { .c = c, .set = set, .part = part };
    if (!getcwd(r.here, sizeof r.here))
        return fdml_fail(err, FDML_E_IO, "the path of this folder is too long");
    fdml_arena_init(&arena, 0);
    fdml_status status = open_tables(&r, folder, &arena, err);
    if (!status) status = choose(&r, &arena, err);
    if (!status) status = write_file(&r, folder, ".csv", &arena, err);
    if (!status && !c->data.images) status = write_file(&r, folder, ".npy", &arena, err);
    fdml_arena_close(&arena);
    return status;
}
