/* train_data.c - see train_data.h.
 * SPDX-License-Identifier: MIT */
#include "train_data.h"

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "train/images.h"
#include "train/split.h"
#include "train/stream.h"
#include "train_split.h"

static void *push(fdml_arena *arena, size_t n, size_t size)
{
    void *memory = fdml_arena_push_zero(arena, n, size);
    if (!memory) cli_die(CLI_EXIT_DATA, "no memory for %zu items of the data", n);
    return memory;
}

static void open_embeddings(train_data *d, const config *c, fdml_arena *arena)
{
    fdml_error err;
    fdml_table *table = &d->pictures.table;
    if (!c->data.labels) cli_die(CLI_EXIT_DATA, "%s: data.labels is missing", c->path);
    cli_input_note(c->data.embeddings);
    cli_input_note(c->data.labels);
    CLI_TRY(fdml_matrix_open(&d->matrix, c->data.embeddings, arena, &err), &err);
    CLI_TRY(fdml_table_open(table, c->data.labels, arena, &err), &err);
    if (table->n_rows != d->matrix.n_rows)
        cli_die(CLI_EXIT_DATA, "%s: %zu rows, but %s has %zu", c->data.labels, table->n_rows,
                c->data.embeddings, d->matrix.n_rows);
    d->shown = c->data.embeddings;
    d->table_shown = c->data.labels;
    d->item = d->matrix.dim;
}

static void open_pictures(train_data *d, const config *c, fdml_arena *arena)
{
    fdml_error err;
    const fdml_pictures_options options = { .path_column = c->data.path };
    cli_input_note(c->data.images);
    CLI_TRY(fdml_pictures_open(&d->pictures, c->data.images, &options, arena, &err), &err);
    d->is_pictures = true;
    d->shown = d->table_shown = c->data.images;
}

static void open_source(train_data *d, const config *c, fdml_arena *arena)
{
    const char *backbone = c->model.backbone ? c->model.backbone : "";
    const bool is_features = !strcmp(backbone, "features");
    if (!c->data.images && !c->data.embeddings)
        cli_die(CLI_EXIT_DATA, "%s: data.images or data.embeddings must be set", c->path);
    if (c->data.images && c->data.embeddings)
        cli_die(CLI_EXIT_DATA, "%s: data.images and data.embeddings are both set", c->path);
    if (is_features && c->data.images)
        cli_die(CLI_EXIT_DATA,
                "%s: model.backbone is 'features', which takes data.embeddings; pictures need "
                "a network such as resnet18",
                c->path);
    if (!is_features && c->data.embeddings)
        cli_die(CLI_EXIT_DATA,
                "%s: model.backbone is '%s', but data.embeddings are no pictures", c->path,
                backbone);
    if (is_features)
        open_embeddings(d, c, arena);
    else
        open_pictures(d, c, arena);
    d->n_attributes = c->data.attributes.n;
}

/* --- columns --------------------------------------------------------------------------- */

/* The texts of a column at the rows of a part; an empty one is an error or a group. */
static const char **column_texts(const train_data *d, const char *name, const train_part *part,
                                 bool may_miss, fdml_arena *arena)
{
    fdml_error err;
    size_t column;
    const fdml_table *table = &d->pictures.table;
    const char **text = push(arena, part->n, sizeof *text);
    CLI_TRY(fdml_table_find(table, name, &column, &err), &err);
    for (size_t i = 0; i < part->n; i++) {
        text[i] = fdml_table_cell(table, part->row[i], column);
        if (*text[i]) continue;
        if (!may_miss)
            cli_die(CLI_EXIT_DATA,
                    "%s:%u: %s is empty (data.missing_attribute = group would "
                    "make these rows a group)",
                    table->path, (unsigned)table->line[part->row[i]], name);
        text[i] = "missing";
    }
    return text;
}

/* The column of that name, or the group that was made. */
static const char **attribute_texts(const train_data *d, const char *name, const config *c,
                                    const train_part *part, fdml_arena *arena)
{
    if (!d->group || strcmp(name, TRAIN_INDUCED))
        return column_texts(d, name, part, c->data.missing_attribute == 1, arena);
    const char **text = push(arena, part->n, sizeof *text);
    for (size_t i = 0; i < part->n; i++) text[i] = train_group_name[d->group[part->row[i]]];
    return text;
}

static void read_part(train_part *part, const train_data *d, const config *c, train_fate fate,
                      fdml_arena *arena)
{
    fdml_error err;
    const size_t n_rows = d->pictures.table.n_rows;
    uint32_t *row = push(arena, n_rows, sizeof *row);
    for (size_t i = 0; i < n_rows; i++) {
        const bool is_in =
            d->fate[i] == fate || (fate == FATE_TRAIN && d->fate[i] == FATE_MINORITY);
        if (is_in) row[part->n++] = (uint32_t)i;
    }
    part->row = row;
    if (!part->n) return;
    const char **label = column_texts(d, c->data.label, part, false, arena);
    CLI_TRY(fdml_factor_from_text(&part->label, c->data.label, label, part->n, arena, &err),
            &err);
    for (size_t k = 0; k < d->n_attributes; k++) {
        const char *name = c->data.attributes.item[k];
        const char **text = attribute_texts(d, name, c, part, arena);
        CLI_TRY(fdml_factor_from_text(&part->attribute[k], name, text, part->n, arena, &err),
                &err);
    }
}

/* The control: which row has which value is drawn by lot, how many have it stays. */
static void shuffle_attributes(train_data *d, const config *c, fdml_arena *arena)
{
    for (size_t k = 0; k < d->n_attributes; k++) {
        const size_t n = d->train.n;
        uint32_t *code = push(arena, n, sizeof *code);
        fdml_rng rng;
        memcpy(code, d->train.attribute[k].code, n * sizeof *code);
        fdml_rng_init(&rng, c->train.seed, fdml_train_stream(FDML_TRAIN_SHUFFLE, 0),
                      (uint32_t)k);
        if (c->attribute[k].shuffle_attribute) fdml_rng_shuffle(&rng, code, (uint32_t)n);
        d->attribute[k] = code;
    }
}

static void check_finite(const train_data *d, const train_part *part)
{
    for (size_t i = 0; i < part->n && !d->is_pictures; i++)
        for (size_t k = 0; k < d->item; k++)
            if (!isfinite(d->matrix.data[part->row[i] * d->item + k]))
                cli_die(CLI_EXIT_DATA, "%s: row %u, column %zu is not finite", d->shown,
                        (unsigned)part->row[i], k);
}

/* --- the whole -------------------------------------------------------------------------- */

/* Pictures that cannot be read are left out before anything is counted. */
static void leave_out_bad(train_data *d, const cli_common *common, fdml_arena *arena)
{
    fdml_error err;
    const size_t n = d->pictures.table.n_rows;
    uint32_t *row = push(arena, n, sizeof *row);
    fdml_error *why = push(arena, n, sizeof *why);
    for (size_t i = 0; i < n; i++) row[i] = (uint32_t)i;
    CLI_TRY(fdml_images_probe(d->images, why, row, n, &err), &err);
    for (size_t i = 0; i < n; i++) {
        if (!why[i].status) continue;
        cli_warn(common, "left out: %s", why[i].text);
        d->fate[i] = FATE_BAD;
        d->n_bad++;
    }
}

void train_data_open(train_data *d, const config *c, const cli_common *common, size_t cache,
                     fdml_arena *arena)
{
    memset(d, 0, sizeof *d);
    open_source(d, c, arena);
    d->fate = push(arena, d->pictures.table.n_rows, sizeof *d->fate);
    if (d->is_pictures) train_pictures_open(d, c, common, cache);
    if (d->is_pictures && c->data.skip_bad) leave_out_bad(d, common, arena);
    train_split(d, c, common, arena);
    read_part(&d->train, d, c, FATE_TRAIN, arena);
    read_part(&d->validation, d, c, FATE_VALIDATION, arena);
    check_finite(d, &d->train);
    check_finite(d, &d->validation);
    shuffle_attributes(d, c, arena);
    train_data_hash(d, common, arena);
    d->memory = arena->used + d->matrix.own_size;
    if (d->is_pictures) d->memory += fdml_images_memory(d->images);
}

void train_data_close(train_data *data)
{
    fdml_images_free(data->images);
    if (!data->is_pictures) fdml_matrix_close(&data->matrix);
}

fdml_status train_data_load(float *x, const train_data *d, const uint32_t *row, size_t n,
                            const uint64_t *step, fdml_error *err)
{
    if (d->is_pictures && step) return fdml_images_train(d->images, x, row, n, *step, err);
    if (d->is_pictures) return fdml_images_eval(d->images, x, row, n, err);
    for (size_t i = 0; i < n; i++)
        memcpy(x + i * d->item, d->matrix.data + row[i] * d->item, d->item * sizeof *x);
    return FDML_OK;
}

void train_data_write_rows(FILE *file, const train_data *d)
{
    static const char *const name[] = { "none", "train",   "validation", "test",
                                        "bad",  "removed", "minority" };
    fprintf(file, "row,part%s\n", d->group ? "," TRAIN_INDUCED : "");
    for (size_t i = 0; i < d->pictures.table.n_rows; i++)
        fprintf(file, "%zu,%s%s%s\n", i, name[d->fate[i]], d->group ? "," : "",
                d->group ? train_group_name[d->group[i]] : "");
}
