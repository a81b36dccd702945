/* file_place.c - see file_place.h.
 * SPDX-License-Identifier: MIT */
#include "base/file_place.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* One step along a symbolic link at target, relative to the folder it lies in. */
static fdml_status follow_link(char target[FDML_PATH_SIZE], bool *is_link, const char *path,
                               fdml_error *err)
{
    char link[FDML_PATH_SIZE];
    const ssize_t n = readlink(target, link, sizeof link);
    *is_link = n >= 0;
    if (n < 0) return FDML_OK; /* no link, or nothing there: opening will tell */
    const size_t length = (size_t)n;
    const size_t keep = link[0] == '/' ? 0 : (size_t)(fdml_file_name(target) - target);
    if (keep + length >= FDML_PATH_SIZE)
        return fdml_fail(err, FDML_E_IO, "%s: path is too long", path);
    memcpy(target + keep, link, length);
    target[keep + length] = 0;
    return FDML_OK;
}

fdml_status fdml_file_follow(char target[FDML_PATH_SIZE], const char *path, fdml_error *err)
{
    if (strlen(path) >= FDML_PATH_SIZE)
        return fdml_fail(err, FDML_E_IO, "path has %zu bytes, the limit is %d", strlen(path),
                         FDML_PATH_SIZE - 1);
    memcpy(target, path, strlen(path) + 1);
    for (int step = 0; step < 40; step++) { /* as many as Linux follows */
        bool is_link;
        FDML_TRY(follow_link(target, &is_link, path, err));
        if (!is_link) return FDML_OK;
    }
    return fdml_fail(err, FDML_E_IO, "%s: too many symbolic links", path);
}

static void find_folder(fdml_file_place *place, const char *target)
{
    char folder[FDML_PATH_SIZE];
    struct stat st;
    const char *name = fdml_file_name(target);
    const size_t length = (size_t)(name - target);
    if (!*name || strlen(name) >= sizeof place->name) return;
    memcpy(folder, length ? target : ".", length ? length : 1);
    folder[length ? length : 1] = 0;
    if (stat(folder, &st)) return;
    place->has_name = true;
    place->folder_device = (uint64_t)st.st_dev;
    place->folder_number = (uint64_t)st.st_ino;
    memcpy(place->name, name, strlen(name) + 1);
}

void fdml_file_place_find(fdml_file_place *place, const char *path)
{
    char target[FDML_PATH_SIZE];
    struct stat st;
    memset(place, 0, sizeof *place);
    if (fdml_file_follow(target, path, NULL)) return;
    const bool is_there = !stat(target, &st);
    if (is_there && !S_ISREG(st.st_mode)) return;
    find_folder(place, target);
    if (!is_there) return;
    place->has_file = true;
    place->device = (uint64_t)st.st_dev;
    place->number = (uint64_t)st.st_ino;
}

bool fdml_file_place_is_same(const fdml_file_place *a, const fdml_file_place *b)
{
    if (a->has_file && b->has_file && a->device == b->device && a->number == b->number)
        return true;
    return a->has_name && b->has_name && a->folder_device == b->folder_device &&
           a->folder_number == b->folder_number && !strcmp(a->name, b->name);
}
