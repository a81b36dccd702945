/* folder.c - one walk that collects paths, a sort, and a table. See folder.h.
 *
 * Paths are kept packed in blocks while the walk goes on: a million of them cost their bytes
 * and a pointer each, here and once more in the table, and the first copy goes at the end.
 * SPDX-License-Identifier: MIT */
#include "data/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/utf8.h"
#include "data/table_build.h"

enum { TEXT_BLOCK = 1 << 16 };

typedef struct walk {
    fdml_arena *scratch;
    char path[FDML_PATH_SIZE]; /* of what is looked at */
    size_t root_length;        /* of the part that is not in the table, with its slash */
    const char **name;         /* [n] paths below the folder */
    size_t n, room;
    size_t text_size; /* of all names with their NULs */
    char *text;       /* what is left of the newest block */
    size_t text_left;
    size_t n_other;
    fdml_error *err;
} walk;

static fdml_status fail_errno(const walk *w)
{
    char reason[128];
    const int code = errno;
    if (strerror_r(code, reason, sizeof reason)) snprintf(reason, sizeof reason, "%d", code);
    return fdml_fail(w->err, FDML_E_IO, "%s: %s", w->path, reason);
}

static fdml_status fail_memory(const walk *w)
{
    return fdml_fail(w->err, FDML_E_NOMEM, "%.*s: no memory for the names of %zu files",
                     (int)w->root_length, w->path, w->n);
}

bool fdml_folder_is(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

bool fdml_folder_is_picture(const char *name)
{
    static const char *const suffix[] = { ".jpg", ".jpeg", ".png", ".bmp",
                                          ".pgm", ".ppm",  ".pnm" };
    for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++)
        if (fdml_file_has_suffix(name, suffix[i])) return true;
    return false;
}

static bool is_utf8(const char *text)
{
    for (size_t left = strlen(text); left;) {
        const size_t n = fdml_utf8_length(text, left);
        if (!n) return false;
        text += n;
        left -= n;
    }
    return true;
}

static char *keep_text(walk *w, const char *text, size_t size)
{
    if (size > w->text_left) {
        const size_t block = size > TEXT_BLOCK ? size : TEXT_BLOCK;
        w->text = fdml_arena_push(w->scratch, block, 1);
        w->text_left = w->text ? block : 0;
        if (!w->text) return NULL;
    }
    char *kept = w->text;
    memcpy(kept, text, size);
    w->text += size;
    w->text_left -= size;
    return kept;
}

/* The file at w->path becomes a row. */
static fdml_status add_picture(walk *w)
{
    const char *name = w->path + w->root_length;
    if (!is_utf8(name))
        return fdml_fail(w->err, FDML_E_DATA, "%s: the name is not UTF-8", w->path);
    if (w->n == w->room) {
        const size_t room = w->room ? 2 * w->room : 1024;
        const char **grown = fdml_arena_push(w->scratch, room, sizeof *grown);
        if (!grown) return fail_memory(w);
        if (w->n) memcpy(grown, w->name, w->n * sizeof *grown);
        w->name = grown;
        w->room = room;
    }
    const size_t size = strlen(name) + 1;
    const char *kept = keep_text(w, name, size);
    if (!kept) return fail_memory(w);
    w->name[w->n++] = kept;
    w->text_size += size;
    return FDML_OK;
}

static fdml_status walk_folder(walk *w, size_t length, int depth);

static fdml_status look_at(walk *w, size_t length, int depth)
{
    struct stat st;
    if (lstat(w->path, &st)) return fail_errno(w);
    const bool is_link = S_ISLNK(st.st_mode);
    /* A link that leads nowhere stays a row: reading it will say what is wrong. */
    const bool leads_nowhere = is_link && stat(w->path, &st);
    if (!leads_nowhere && S_ISDIR(st.st_mode)) {
        if (is_link && depth) return FDML_OK;
        return walk_folder(w, length, depth + 1);
    }
    const bool is_file = leads_nowhere || S_ISREG(st.st_mode);
    if (is_file && fdml_folder_is_picture(w->path)) return add_picture(w);
    w->n_other++;
    return FDML_OK;
}

static fdml_status walk_entries(walk *w, DIR *directory, size_t length, int depth)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(directory);
        if (!entry && errno) return fail_errno(w);
        if (!entry) return FDML_OK;
        if (entry->d_name[0] == '.') continue;
        const size_t n = strlen(entry->d_name);
        if (length + 1 + n >= sizeof w->path)
            return fdml_fail(w->err, FDML_E_IO, "%.200s...: the path is too long", w->path);
        w->path[length] = '/';
        memcpy(w->path + length + 1, entry->d_name, n + 1);
        FDML_TRY(look_at(w, length + 1 + n, depth));
        w->path[length] = 0;
    }
}

/* w->path is a folder; `length` is without a slash at its end. */
static fdml_status walk_folder(walk *w, size_t length, int depth)
{
    if (depth > FDML_FOLDER_DEPTH)
        return fdml_fail(w->err, FDML_E_LIMIT, "%s: folders within folders, the limit is %d",
                         w->path, FDML_FOLDER_DEPTH);
    DIR *directory = opendir(w->path);
    if (!directory) return fail_errno(w);
    const fdml_status status = walk_entries(w, directory, length, depth);
    closedir(directory);
    return status;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Either all names have a class folder in front or none has. */
static fdml_status count_classes(fdml_folder_found *found, const walk *w, size_t *label_size)
{
    const char *lone = NULL, *last = NULL;
    size_t last_length = 0;
    *label_size = 0;
    for (size_t i = 0; i < w->n; i++) {
        const char *slash = strchr(w->name[i], '/');
        if (!slash) {
            if (!lone) lone = w->name[i];
            continue;
        }
        const size_t length = (size_t)(slash - w->name[i]);
        *label_size += length + 1;
        if (last && length == last_length && !memcmp(last, w->name[i], length)) continue;
        last = w->name[i];
        last_length = length;
        found->n_classes++;
    }
    if (lone && last)
        return fdml_fail(w->err, FDML_E_DATA,
                         "%.*s%s: lies beside the folder '%.*s'; pictures must all be in class "
                         "folders, or none",
                         (int)w->root_length, w->path, lone, (int)last_length, last);
    return FDML_OK;
}

static size_t put(fdml_table_builder *builder, const char *text, size_t length)
{
    memcpy(fdml_table_room(builder), text, length);
    return length;
}

static fdml_status make_table(fdml_table *table, fdml_folder_found *found, const walk *w,
                              const char *path, fdml_arena *arena)
{
    size_t label_size;
    fdml_table_builder builder;
    FDML_TRY(count_classes(found, w, &label_size));
    const size_t n_columns = found->n_classes ? 2 : 1;
    const size_t text_size = w->text_size + label_size + sizeof "path" + sizeof "label";
    FDML_TRY(fdml_table_begin(&builder, w->n, n_columns, text_size, path, arena, w->err));
    fdml_table_add_name(&builder, put(&builder, "path", 4));
    if (n_columns == 2) fdml_table_add_name(&builder, put(&builder, "label", 5));
    for (size_t i = 0; i < w->n; i++) {
        const char *name = w->name[i];
        fdml_table_add_row(&builder, i + 1);
        fdml_table_add_cell(&builder, put(&builder, name, strlen(name)));
        if (n_columns == 2)
            fdml_table_add_cell(&builder, put(&builder, name, strcspn(name, "/")));
    }
    return fdml_table_finish(table, &builder, path, arena, w->err);
}

static fdml_status read_folder(fdml_table *table, fdml_folder_found *found, walk *w,
                               const char *path, fdml_arena *arena)
{
    size_t length = strlen(path);
    if (length + 2 > sizeof w->path)
        return fdml_fail(w->err, FDML_E_IO, "%.200s...: the path is too long", path);
    while (length > 1 && path[length - 1] == '/') length--;
    memcpy(w->path, path, length);
    w->root_length = length + 1;
    FDML_TRY(walk_folder(w, length, 0));
    w->path[length] = '/';
    w->path[length + 1] = 0;
    if (!w->n)
        return fdml_fail(w->err, FDML_E_DATA,
                         "%s: no pictures in it (.jpg .jpeg .png .bmp .pgm .ppm .pnm)", path);
    qsort(w->name, w->n, sizeof *w->name, by_bytes);
    found->n_other = w->n_other;
    return make_table(table, found, w, path, arena);
}

fdml_status fdml_folder_read(fdml_table *table, fdml_folder_found *found, const char *path,
                             fdml_arena *arena, fdml_error *err)
{
    fdml_arena scratch;
    fdml_folder_found seen = { 0 };
    fdml_arena_init(&scratch, arena->limit);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    walk *w = fdml_arena_push_zero(&scratch, 1, sizeof *w);
    fdml_status status = w ? FDML_OK : fdml_fail(err, FDML_E_NOMEM, "%s: no memory", path);
    if (!status) {
        w->scratch = &scratch;
        w->err = err;
        status = read_folder(table, &seen, w, path, arena);
    }
    fdml_arena_close(&scratch);
    if (status)
        fdml_arena_reset(arena, mark);
    else
        *found = seen;
    return status;
}
