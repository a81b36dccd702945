/* folder.h - the pictures in a folder, found and put in order.
 *
 * A folder of class folders, as torchvision's ImageFolder and most face sets have it:
 *
 *     photos/ann/1.jpg  photos/ann/2.jpg  photos/bea/x/7.png
 *
 * becomes a table with the columns path ("ann/1.jpg", below the folder) and label ("ann", the
 * first step of the path). A folder that holds pictures and no class folders has the column
 * path alone. Rows are in bytewise order of path, whatever order the file system has. A file is
 * a picture by its suffix; names that start with a dot are left alone, and so are links to
 * folders below a class folder, which could lead in a circle.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_FOLDER_H
#define FDML_DATA_FOLDER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/status.h"
#include "data/table.h"

enum { FDML_FOLDER_DEPTH = 16 }; /* folders within folders; more are refused */

typedef struct fdml_folder_found {
    size_t n_classes; /* 0: no class folders */
    size_t n_other;   /* files that are no pictures by their suffix */
} fdml_folder_found;

bool fdml_folder_is(const char *path);
bool fdml_folder_is_picture(const char *name); /* .jpg .jpeg .png .bmp .pgm .ppm .pnm */

/* FDML_E_IO: a folder that cannot be read; FDML_E_DATA: no pictures, pictures beside class
 * folders, a name that is not UTF-8 (no table could hold it); FDML_E_LIMIT: too deep. */
fdml_status fdml_folder_read(fdml_table *table, fdml_folder_found *found, const char *path,
                             fdml_arena *arena, fdml_error *err);

#endif
