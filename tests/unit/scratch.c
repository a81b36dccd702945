/* scratch.c - see scratch.h.
 * SPDX-License-Identifier: MIT */
#include "scratch.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[256];
static long owner; /* a forked test must not remove its parent's folder */

static void remove_folder(void)
{
    char path[1024];
    DIR *dir = owner == (long)getpid() ? opendir(folder) : NULL;
    if (!dir) return;
    for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..")) remove(path);
    }
    closedir(dir);
    rmdir(folder);
}

static void make_folder(void)
{
    if (owner == (long)getpid()) return;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/fdml-unit-XXXXXX", base && *base ? base : "/tmp");
    cr_assert(mkdtemp(folder) != NULL, "no temporary folder");
    owner = (long)getpid();
    atexit(remove_folder);
}

const char *scratch_path(const char *name)
{
    static char path[8][512];
    static unsigned next;
    make_folder();
    char *slot = path[next++ % 8];
    snprintf(slot, sizeof path[0], "%s/%s", folder, name);
    return slot;
}

const char *scratch_write(const char *name, const void *bytes, size_t size)
{
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");
    cr_assert(file != NULL, "%s cannot be written", path);
    cr_assert(fwrite(bytes, 1, size, file) == size, "short write");
    cr_assert(fclose(file) == 0, "close failed");
    return path;
}

const char *scratch_text(const char *name, const char *text)
{
    return scratch_write(name, text, strlen(text));
}

const char *scratch_read(const char *path)
{
    static char text[1 << 16];
    FILE *file = fopen(path, "rb");
    const size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;
    if (file) fclose(file);
    text[n] = 0;
    return text;
}

const char *scratch_shared(const char *path)
{
    static char full[512];
    snprintf(full, sizeof full, "../shared/%s", path);
    if (access(full, R_OK) == 0) return full;
    const char *ci = getenv("CI");
    cr_assert(!ci || strcmp(ci, "true") != 0, "%s is absent", full);
    cr_skip_test("../shared is absent");
    return NULL;
}

void scratch_expect_error(fdml_status got, const fdml_error *err, fdml_status want,
                          const char *text)
{
    cr_assert(got == want, "status %d, expected %d (%s)", (int)got, (int)want,
              got ? err->text : "no error");
    cr_assert_str_eq(err->text, text, "said: %s", err->text);
}

size_t scratch_npy(unsigned char *out, int version, const char *dictionary, const void *data,
                   size_t size)
{
    const size_t prefix = version == 1 ? 10 : 12, length = strlen(dictionary);
    const size_t total = (prefix + length + 1 + 63) / 64 * 64, header = total - prefix;
    memset(out, ' ', total);
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (unsigned char)version;
    out[7] = 0;
    for (size_t i = 8; i < prefix; i++) out[i] = (unsigned char)(header >> 8 * (i - 8));
    memcpy(out + prefix, dictionary, length);
    out[total - 1] = '\n';
    if (size) memcpy(out + total, data, size);
    return total + size;
}

void scratch_touch(const float *values, size_t n)
{
    static volatile float sink;
    for (size_t i = 0; i < n; i++) sink = sink * 0 + values[i];
}

static void read_copy(scratch_reader *read, const unsigned char *bytes, size_t size)
{
    unsigned char *copy = malloc(size ? size : 1);
    cr_assert(copy != NULL, "no memory");
    memcpy(copy, bytes, size);
    read(copy, size);
    free(copy);
}

void scratch_spoil(scratch_reader *read, const void *bytes, size_t size)
{
    unsigned char *copy = malloc(size);
    cr_assert(copy != NULL, "no memory");
    memcpy(copy, bytes, size);
    for (size_t n = 0; n <= size; n++) read_copy(read, copy, n);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
        read_copy(read, copy, size);
        copy[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    free(copy);
}
