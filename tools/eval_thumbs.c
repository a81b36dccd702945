/* eval_thumbs.c - small pictures of the rows that the HTML report names.
 *
 * Paths come from a column of the metadata, relative to its folder. What cannot be read is left
 * out and counted: a report of numbers must not fail for a picture. At most MOST pictures of
 * 64 x 64 pixels keep the page below 3 MB.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "data/image.h"
#include "data/png_write.h"
#include "data/resize.h"
#include "eval_input.h"

enum { SIDE = 64, MOST = 128 };

typedef struct thumbs {
    const eval_input *input;
    const fdml_machine *machine;
    fdml_arena *arena, work;
    fdml_thumbnail *list; /* [MOST] */
    size_t n, n_failed;
} thumbs;

void eval_input_keep_pictures(eval_input *input, const eval_options *o, fdml_arena *arena)
{
    fdml_error err;
    const fdml_table *table = &input->table;
    const char *name = o->embed.path_column ? o->embed.path_column : "path";
    size_t column;
    if (!o->html || !table->n_columns) return;
    if (fdml_table_find(table, name, &column, &err)) {
        if (o->embed.path_column) cli_fail(&err);
        return;
    }
    const char **path = fdml_arena_push(arena, table->n_rows, sizeof *path);
    for (size_t i = 0; path && i < table->n_rows; i++) {
        const char *cell = fdml_table_cell(table, i, column);
        path[i] = fdml_arena_copy_text(arena, cell, strlen(cell));
        if (!path[i]) path = NULL;
    }
    if (!input->picture_root) { /* with --model it is known */
        const size_t length = (size_t)(fdml_file_name(table->path) - table->path);
        input->picture_root = fdml_arena_copy_text(arena, table->path, length);
    }
    if (!path || !input->picture_root) cli_die(CLI_EXIT_DATA, "out of memory");
    input->picture = path;
}

/* rgb: [SIDE, SIDE, 3] at most; the picture keeps its proportions. */
static bool shrink(unsigned char *rgb, size_t *width, size_t *height, const fdml_image *image,
                   thumbs *t)
{
    const size_t longest = image->width > image->height ? image->width : image->height;
    const size_t side = longest < SIDE ? longest : SIDE;
    *width = (image->width * side + longest / 2) / longest;
    *height = (image->height * side + longest / 2) / longest;
    if (!*width) *width = 1;
    if (!*height) *height = 1;
    const fdml_resize resize = { .width = *width,
                                 .height = *height,
                                 .n_cols = *width,
                                 .n_rows = *height,
                                 .kernels = t->machine->kernels };
    const fdml_pixels pixels = { image->rgb, image->width, image->height, 3 * image->width };
    return fdml_resize_bilinear(rgb, &resize, &pixels, &t->work);
}

static bool make_one(thumbs *t, uint32_t row)
{
    char path[FDML_PATH_SIZE];
    unsigned char rgb[SIDE * SIDE * 3];
    fdml_error err;
    fdml_image image;
    const char *name = t->input->picture[row];
    const char *root = *name == '/' ? "" : t->input->picture_root;
    fdml_thumbnail *made = &t->list[t->n];
    const int length = snprintf(path, sizeof path, "%s%s", root, name);
    if (length < 0 || (size_t)length >= sizeof path) return false;
    if (fdml_image_read(&image, path, &fdml_image_default_limits, &t->work, &err)) return false;
    if (!shrink(rgb, &made->width, &made->height, &image, t)) return false;
    made->size = fdml_png_size(made->width, made->height);
    unsigned char *png = fdml_arena_push(t->arena, made->size, 1);
    if (!png) return false;
    fdml_png_write(png, rgb, made->width, made->height);
    made->png = png;
    made->row = row;
    t->n++;
    return true;
}

static void add_row(thumbs *t, uint32_t row)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->list[i].row == row) return;
    if (t->n == MOST) return;
    const fdml_arena_mark mark = fdml_arena_get_mark(&t->work);
    t->n_failed += !make_one(t, row);
    fdml_arena_reset(&t->work, mark);
}

static const char *explain(const thumbs *t, fdml_arena *arena)
{
    char text[160] = "No pictures are shown, for the metadata have no column of paths.";
    if (t->input->picture && !t->n_failed && t->n < MOST) return NULL;
    if (t->input->picture && t->n_failed)
        snprintf(text, sizeof text, "%zu of the pictures named could not be read.",
                 t->n_failed);
    else if (t->input->picture)
        snprintf(text, sizeof text, "Only the first %d pictures are shown.", MOST);
    const char *kept = fdml_arena_copy_text(arena, text, strlen(text));
    if (!kept) cli_die(CLI_EXIT_DATA, "out of memory");
    return kept;
}

void eval_thumbs_make(fdml_report *report, const eval_input *input, const fdml_machine *machine,
                      fdml_arena *arena)
{
    const fdml_audit_detail *detail = report->result->detail;
    thumbs t = { .input = input, .machine = machine, .arena = arena };
    t.list = fdml_arena_push_zero(arena, MOST, sizeof *t.list);
    if (!t.list) cli_die(CLI_EXIT_DATA, "out of memory");
    fdml_arena_init(&t.work, 0);
    for (size_t b = 0; input->picture && b < detail->n_by; b++)
        for (size_t g = 0; g < detail->by[b].n; g++) {
            const fdml_detail_group *group = &detail->by[b].group[g];
            for (size_t i = 0; i < group->n_worst; i++) {
                add_row(&t, group->worst[i].row);
                add_row(&t, group->worst[i].nearest);
            }
        }
    fdml_arena_close(&t.work);
    report->thumbnails = t.list;
    report->n_thumbnails = t.n;
    report->thumbnails_note = explain(&t, arena);
}
