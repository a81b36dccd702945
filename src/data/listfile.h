/* listfile.h - CelebA's list files (Liu et al. 2015) as tables.
 *
 * list_attr_celeba.txt: the number of images, the attribute names, then "file v v v ..." with
 * values 1 or -1; becomes a column "path" and one per attribute. identity_CelebA.txt: "file id"
 * lines; columns path and identity. list_eval_partition.txt has the same form; its second
 * column is called partition.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_LISTFILE_H
#define FDML_DATA_LISTFILE_H

#include <stdbool.h>

#include "data/table_build.h"

/* Does a .txt start like one of these files? Text must have passed fdml_text_check. */
bool fdml_listfile_is(const char *at, const char *end);

fdml_status fdml_listfile_read(fdml_table *table, const fdml_source *source, fdml_arena *arena,
                               fdml_error *err);

#endif
