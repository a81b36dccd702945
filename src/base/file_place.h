/* file_place.h - which file a path leads to, however it is spelt.
 *
 * "x.json", "./x.json", an absolute path, a symbolic link and a second name (a hard link) may
 * all be one file. A program that replaces a file has to know whether it is one that it reads.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_BASE_FILE_PLACE_H
#define FDML_BASE_FILE_PLACE_H

#include "base/file.h"

/* Numbers are those of stat(2). Where a path leads to a folder, device or pipe, or its folder
 * is not there, both flags are false. */
typedef struct fdml_file_place {
    bool has_file; /* a regular file is there: device and number */
    bool has_name; /* it is there, or could be made: folder and name */
    uint64_t device, number;
    uint64_t folder_device, folder_number;
    char name[256];
} fdml_file_place;

void fdml_file_place_find(fdml_file_place *place, const char *path);
/* The same existing file, or the same name in the same folder. */
bool fdml_file_place_is_same(const fdml_file_place *a, const fdml_file_place *b);

/* The path itself, or what a chain of symbolic links leads to, which need not be there. */
fdml_status fdml_file_follow(char target[FDML_PATH_SIZE], const char *path, fdml_error *err);

#endif
