/* pictures.h - which pictures, and what is known about each: a table with a column of paths.
 *
 * Four ways to name them: a folder (folder.h), a .csv or .tsv with a header and a column of
 * paths (or one of CelebA's list files), a .txt with one path a line, or the paths themselves.
 * Paths in a file are relative to that file's folder, paths given directly to where the program
 * runs.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_PICTURES_H
#define FDML_DATA_PICTURES_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/status.h"
#include "data/folder.h"
#include "data/table.h"

typedef struct fdml_pictures {
    fdml_table table;
    size_t path_column;
    const char *root;        /* what relative paths start from, with its slash; "" : here */
    fdml_folder_found found; /* zero where it was no folder */
} fdml_pictures;

typedef struct fdml_pictures_options {
    const char *path_column; /* NULL: "path" */
    bool label_from_folder;  /* a further column "label": the folder each picture lies in */
} fdml_pictures_options;

/* What `path` is, is told by looking at it: a folder, or a file by its suffix. An empty path in
 * a row is FDML_E_DATA with file and line. */
fdml_status fdml_pictures_open(fdml_pictures *pictures, const char *path,
                               const fdml_pictures_options *options, fdml_arena *arena,
                               fdml_error *err);

/* One path a line, whatever the file is called; the paths are relative to `root`. */
fdml_status fdml_pictures_read_lines(fdml_pictures *pictures, const char *path,
                                     const char *root, const fdml_pictures_options *options,
                                     fdml_arena *arena, fdml_error *err);

fdml_status fdml_pictures_from_paths(fdml_pictures *pictures, const char *const *path, size_t n,
                                     const fdml_pictures_options *options, fdml_arena *arena,
                                     fdml_error *err);

/* The path of a row as it can be opened. FDML_E_IO where it is too long. */
fdml_status fdml_pictures_path(char path[FDML_PATH_SIZE], const fdml_pictures *pictures,
                               size_t row, fdml_error *err);

/* The rows row[0..n), in that order, of a table; the text is shared with it. FDML_E_NOMEM. */
fdml_status fdml_table_keep_rows(fdml_table *table, const uint32_t *row, size_t n,
                                 fdml_arena *arena, fdml_error *err);

#endif
