/* map_list.h - files that stay mapped until their last user ends.
 *
 * Tensors of a model point into the file they came from, and into others beside it. The list
 * itself lives in an arena; only the mappings need closing.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_MAP_LIST_H
#define FDML_BASE_MAP_LIST_H

#include "base/file.h"

typedef struct fdml_map_list {
    struct fdml_map_list *next;
    const char *path; /* copied */
    fdml_map map;
} fdml_map_list;

/* Maps the file, or finds it in the list; *map is borrowed from the list. FDML_E_LIMIT above
 * FDML_MAP_LIST_MAX files. */
enum { FDML_MAP_LIST_MAX = 1024 };
fdml_status fdml_map_list_add(fdml_map_list **list, fdml_map *map, const char *path,
                              fdml_arena *arena, fdml_error *err);
void fdml_map_list_close(fdml_map_list **list); /* an empty list is allowed */

#endif
