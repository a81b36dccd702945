/* dataset.c - rows that are borrowed, and columns that are copied as dense codes.
 *
 * A column of n texts becomes n codes and one copy of each distinct text, so that what the
 * caller passed may go at once, which garbage-collected callers need.
 * SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/handles.h"

fdml_status fdml_dataset_new(fdml_dataset **dataset, const float *rows, size_t n_rows,
                             size_t dim, fdml_error *err)
{
    fdml_arena arena;
    if (!rows) return fdml_fail(err, FDML_E_ARG, "rows is NULL");
    if (!n_rows || n_rows > INT32_MAX)
        return fdml_fail(err, FDML_E_ARG, "%zu rows, must be 1 to %d", n_rows, INT32_MAX);
    if (!dim || dim > SIZE_MAX / sizeof *rows / n_rows)
        return fdml_fail(err, FDML_E_ARG, "%zu rows of dimension %zu cannot be in memory",
                         n_rows, dim);
    fdml_arena_init(&arena, 0);
    fdml_dataset *made = fdml_arena_push_zero(&arena, 1, sizeof *made);
    if (!made) return fdml_fail(err, FDML_E_NOMEM, "no memory for a data set");
    made->rows = rows;
    made->n_rows = n_rows;
    made->dim = dim;
    made->arena = arena;
    *dataset = made;
    return FDML_OK;
}

void fdml_dataset_free(fdml_dataset *dataset)
{
    if (!dataset) return;
    fdml_arena arena = dataset->arena; /* the handle lies in it */
    fdml_arena_close(&arena);
}

static fdml_status check_column(const char *name, const void *values, fdml_error *err)
{
    if (!name || !*name) return fdml_fail(err, FDML_E_ARG, "a column has no name");
    if (!values) return fdml_fail(err, FDML_E_ARG, "%s: values is NULL", name);
    return FDML_OK;
}

static fdml_status set_texts(fdml_factor *column, fdml_dataset *dataset, const char *name,
                             const char *const *values, fdml_error *err)
{
    fdml_factor made;
    FDML_TRY(check_column(name, values, err));
    for (size_t i = 0; i < dataset->n_rows; i++)
        if (!values[i]) return fdml_fail(err, FDML_E_DATA, "%s: row %zu is NULL", name, i);
    const fdml_arena_mark mark = fdml_arena_get_mark(&dataset->arena);
    FDML_TRY(fdml_factor_from_text(&made, name, values, dataset->n_rows, &dataset->arena, err));
    const fdml_status status = fdml_factor_keep_levels(&made, &dataset->arena, err);
    if (status)
        fdml_arena_reset(&dataset->arena, mark);
    else
        *column = made;
    return status;
}

enum { ID_SIZE = 21 }; /* "-9223372036854775808" and its NUL */

static fdml_status set_ids(fdml_factor *column, fdml_dataset *dataset, const char *name,
                           const int64_t *values, fdml_error *err)
{
    const size_t n = dataset->n_rows;
    fdml_arena work;
    FDML_TRY(check_column(name, values, err));
    fdml_arena_init(&work, 0);
    char(*text)[ID_SIZE] = fdml_arena_push(&work, n, sizeof *text);
    const char **list = fdml_arena_push(&work, n, sizeof *list);
    fdml_status status = FDML_OK;
    if (!text || !list)
        status = fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu labels", name, n);
    for (size_t i = 0; i < n && !status; i++) {
        snprintf(text[i], ID_SIZE, "%" PRId64, values[i]);
        list[i] = text[i];
    }
    if (!status) status = set_texts(column, dataset, name, list, err);
    fdml_arena_close(&work);
    return status;
}

fdml_status fdml_dataset_label(fdml_dataset *dataset, const char *name,
                               const char *const *values, fdml_error *err)
{
    return set_texts(&dataset->label, dataset, name, values, err);
}

fdml_status fdml_dataset_label_ids(fdml_dataset *dataset, const char *name,
                                   const int64_t *values, fdml_error *err)
{
    return set_ids(&dataset->label, dataset, name, values, err);
}

fdml_status fdml_dataset_exclude_same(fdml_dataset *dataset, const char *name,
                                      const char *const *values, fdml_error *err)
{
    return set_texts(&dataset->exclude, dataset, name, values, err);
}

fdml_status fdml_dataset_exclude_same_ids(fdml_dataset *dataset, const char *name,
                                          const int64_t *values, fdml_error *err)
{
    return set_ids(&dataset->exclude, dataset, name, values, err);
}

/* The place of one more attribute; it counts once it is filled. */
static fdml_status next_group(fdml_factor **column, fdml_dataset *dataset, const char *name,
                              fdml_error *err)
{
    if (dataset->n_attributes == FDML_MAX_ATTRIBUTES)
        return fdml_fail(err, FDML_E_ARG, "more than %d groups", FDML_MAX_ATTRIBUTES);
    for (size_t i = 0; name && i < dataset->n_attributes; i++)
        if (!strcmp(dataset->attribute[i].name, name))
            return fdml_fail(err, FDML_E_ARG, "the group '%s' is named twice", name);
    *column = &dataset->attribute[dataset->n_attributes];
    return FDML_OK;
}

fdml_status fdml_dataset_group(fdml_dataset *dataset, const char *name,
                               const char *const *values, fdml_error *err)
{
    fdml_factor *column;
    FDML_TRY(next_group(&column, dataset, name, err));
    FDML_TRY(set_texts(column, dataset, name, values, err));
    dataset->n_attributes++;
    return FDML_OK;
}

fdml_status fdml_dataset_group_ids(fdml_dataset *dataset, const char *name,
                                   const int64_t *values, fdml_error *err)
{
    fdml_factor *column;
    FDML_TRY(next_group(&column, dataset, name, err));
    FDML_TRY(set_ids(column, dataset, name, values, err));
    dataset->n_attributes++;
    return FDML_OK;
}

static fdml_status set_flags(const uint8_t **target, fdml_dataset *dataset, const char *name,
                             const uint8_t *flags, fdml_error *err)
{
    const size_t n = dataset->n_rows;
    bool any = false;
    if (!flags) return fdml_fail(err, FDML_E_ARG, "%s: flags is NULL", name);
    for (size_t i = 0; i < n; i++) any = any || flags[i];
    if (!any) return fdml_fail(err, FDML_E_DATA, "%s is false in every row", name);
    uint8_t *copy = fdml_arena_push(&dataset->arena, n, 1);
    if (!copy) return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu flags", name, n);
    for (size_t i = 0; i < n; i++) copy[i] = flags[i] != 0;
    *target = copy;
    return FDML_OK;
}

fdml_status fdml_dataset_query(fdml_dataset *dataset, const uint8_t *flags, fdml_error *err)
{
    return set_flags(&dataset->is_query, dataset, "query", flags, err);
}

fdml_status fdml_dataset_gallery(fdml_dataset *dataset, const uint8_t *flags, fdml_error *err)
{
    return set_flags(&dataset->is_gallery, dataset, "gallery", flags, err);
}
