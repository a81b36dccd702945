/* onnx_external.c - data of a tensor that lie in a file beside the model's.
 *
 * The model names that file, so a model from anywhere must not be able to name any file: the
 * path may neither start at the root nor climb. What lies in the directory is the user's own
 * doing, symbolic links included: caches of downloaded models consist of them.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "data/onnx_read.h"

static bool climbs(const char *location)
{
    if (*location == '/') return true;
    for (const char *part = location; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (!strncmp(part, "..", 2) && (part[2] == '/' || !part[2])) return true;
    }
    return false;
}

/* The path as the user could have written it: beside the model. */
static fdml_status make_path(const fdml_onnx_reader *reader, char path[FDML_PATH_SIZE],
                             const char *location, fdml_error *err)
{
    if (!reader->directory)
        return fdml_onnx_fail(
            reader, err, FDML_E_UNSUPPORTED,
            "its data are in the file '%.90s', which cannot be looked for here",
            location ? location : "");
    if (!location || !*location)
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT,
                              "its data are in a file that has no name");
    if (climbs(location))
        return fdml_onnx_fail(reader, err, FDML_E_DATA,
                              "its data are in '%.90s', outside of the model's directory",
                              location);
    const char *directory = reader->directory;
    const char *slash = *directory && directory[strlen(directory) - 1] != '/' ? "/" : "";
    const int n = snprintf(path, FDML_PATH_SIZE, "%s%s%s", directory, slash, location);
    if (n < 0 || n >= FDML_PATH_SIZE)
        return fdml_onnx_fail(reader, err, FDML_E_LIMIT,
                              "the path of its data has %d bytes, the limit is %d", n,
                              FDML_PATH_SIZE - 1);
    return FDML_OK;
}

fdml_status fdml_onnx_map_external(fdml_onnx_reader *reader, fdml_bytes *data,
                                   const fdml_onnx_external *external, size_t size,
                                   fdml_error *err)
{
    char path[FDML_PATH_SIZE];
    fdml_map map;
    fdml_error inner;
    FDML_TRY(make_path(reader, path, external->location, err));
    if (external->length >= 0 && (uint64_t)external->length != size)
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT,
                              "%lld bytes of data in '%.90s', expected %zu for its type and "
                              "shape",
                              (long long)external->length, external->location, size);
    const fdml_status status =
        fdml_map_list_add(&reader->maps, &map, path, reader->arena, &inner);
    if (status) return fdml_onnx_fail(reader, err, status, "its data: %s", inner.text);
    const uint64_t offset = (uint64_t)external->offset;
    if (offset > map.size || size > map.size - offset)
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT,
                              "its data are bytes %llu to %llu of '%.90s', which has %zu",
                              (unsigned long long)offset, (unsigned long long)(offset + size),
                              external->location, map.size);
    *data = (fdml_bytes){ map.data + offset, size };
    return FDML_OK;
}
