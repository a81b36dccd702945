/* map_list.c - see map_list.h.
 * SPDX-License-Identifier: MIT */
#include "base/map_list.h"

#include <string.h>

fdml_status fdml_map_list_add(fdml_map_list **list, fdml_map *map, const char *path,
                              fdml_arena *arena, fdml_error *err)
{
    size_t n = 0;
    for (const fdml_map_list *item = *list; item; item = item->next, n++) {
        if (strcmp(item->path, path)) continue;
        *map = item->map;
        return FDML_OK;
    }
    if (n == FDML_MAP_LIST_MAX)
        return fdml_fail(err, FDML_E_LIMIT, "%s: would be file %zu, the limit is %d", path,
                         n + 1, (int)FDML_MAP_LIST_MAX);
    fdml_map_list *item = fdml_arena_push(arena, 1, sizeof *item);
    const char *copy = fdml_arena_copy_text(arena, path, strlen(path));
    if (!item || !copy)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for the list of files", path);
    *item = (fdml_map_list){ .next = *list, .path = copy };
    FDML_TRY(fdml_file_map(&item->map, path, err));
    *map = item->map;
    *list = item;
    return FDML_OK;
}

void fdml_map_list_close(fdml_map_list **list)
{
    for (fdml_map_list *item = *list; item; item = item->next) fdml_file_unmap(&item->map);
    *list = NULL;
}
