/* embed_images.c - opens what the command line names as images, and names them in a hash.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "embed.h"

static void open_array(embed_images *images, const char *path)
{
    fdml_error err;
    fdml_npy *npy = &images->npy;
    images->is_array = true;
    CLI_TRY(fdml_file_map(&images->map, path, &err), &err);
    CLI_TRY(fdml_npy_parse(npy, images->map.data, images->map.size, path, &err), &err);
    if (!strchr("fiu", npy->kind))
        cli_die(CLI_EXIT_DATA, "%s: type %s, expected numbers", path, npy->descr);
    if (npy->is_fortran)
        cli_die(CLI_EXIT_DATA, "%s: is in Fortran order, save it in C order", path);
    if (npy->n_dims < 2 || npy->n_dims > FDML_MAX_RANK)
        cli_die(CLI_EXIT_DATA, "%s: %d-D array, expected rows of images, 2-D to %d-D", path,
                npy->n_dims, FDML_MAX_RANK);
    CLI_TRY(fdml_npy_check_size(npy, images->map.size, path, &err), &err);
    if (!npy->n_items) cli_die(CLI_EXIT_DATA, "%s: holds no values", path);
    images->n_rows = npy->shape[0];
}

static void open_pictures(embed_images *images, const char *const *word, size_t n,
                          const embed_settings *s, fdml_arena *arena)
{
    fdml_error err;
    fdml_pictures *p = &images->pictures;
    const fdml_pictures_options options = { s->path_column, s->label_from == 1 };
    fdml_status status;
    if (!strcmp(word[0], "-") && n == 1)
        status =
            fdml_pictures_read_lines(p, cli_input_path("-", arena), "", &options, arena, &err);
    else if (n > 1 || fdml_folder_is_picture(word[0]))
        status = fdml_pictures_from_paths(p, word, n, &options, arena, &err);
    else
        status = fdml_pictures_open(p, word[0], &options, arena, &err);
    if (status == FDML_E_DATA && !s->path_column && strstr(err.text, "no column 'path'"))
        cli_die(CLI_EXIT_DATA, "%s (--path-column names it)", err.text);
    if (status) cli_fail(&err);
    images->n_rows = p->table.n_rows;
}

/* Many words must all be pictures: a folder or a table among them was meant differently. */
static void check_words(const char *const *word, size_t n)
{
    for (size_t i = 0; n > 1 && i < n; i++)
        if (!fdml_folder_is_picture(word[i]) || fdml_folder_is(word[i]))
            cli_die(
                CLI_EXIT_USAGE,
                "'%s' among %zu arguments; give one folder, table, list or .npy, or pictures "
                "only",
                word[i], n);
}

/* Pictures may be many: they are looked at only where an output could be one of them. */
static void note_pictures(const embed_images *images)
{
    char path[FDML_PATH_SIZE];
    for (size_t i = 0; cli_outputs_replace() && i < images->n_rows; i++)
        if (!fdml_pictures_path(path, &images->pictures, i, NULL)) cli_input_note(path);
}

void embed_images_open(embed_images *images, const char *const *word, size_t n,
                       const embed_settings *s, fdml_arena *arena)
{
    memset(images, 0, sizeof *images);
    check_words(word, n);
    images->shown = n > 1 ? "command line" : word[0];
    if (n == 1 && fdml_file_has_suffix(word[0], ".npy"))
        open_array(images, word[0]);
    else
        open_pictures(images, word, n, s, arena);
    if (images->n_rows > INT32_MAX)
        cli_die(CLI_EXIT_DATA, "%s: %zu rows, the limit is %d", images->shown, images->n_rows,
                INT32_MAX);
    if (!images->is_array) note_pictures(images);
}

void embed_images_hash(embed_images *images)
{
    fdml_sha256 sha;
    fdml_sha256_init(&sha);
    if (images->is_array) fdml_sha256_update(&sha, images->map.data, images->map.size);
    const fdml_pictures *p = &images->pictures;
    for (size_t i = 0; !images->is_array && i < images->n_rows; i++) {
        const char *path = fdml_table_cell(&p->table, i, p->path_column);
        fdml_sha256_update(&sha, path, strlen(path) + 1);
    }
    fdml_sha256_final(&sha, images->sha256);
}

const char *embed_images_name(char text[FDML_PATH_SIZE], const embed_images *images, size_t row)
{
    if (images->is_array)
        snprintf(text, FDML_PATH_SIZE, "%.4000s row %zu", images->shown, row);
    else if (fdml_pictures_path(text, &images->pictures, row, NULL))
        snprintf(text, FDML_PATH_SIZE, "row %zu", row);
    return text;
}

void embed_images_close(embed_images *images)
{
    fdml_file_unmap(&images->map);
}
