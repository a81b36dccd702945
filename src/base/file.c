/* file.c - mapping, whole-file reads and atomic output on POSIX. See file.h.
 * SPDX-License-Identifier: MIT */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_place.h"

static fdml_status fail_code(fdml_error *err, const char *path, const char *action, int code)
{
    char reason[128];
    if (strerror_r(code, reason, sizeof reason)) snprintf(reason, sizeof reason, "%d", code);
    return fdml_fail(err, FDML_E_IO, "%s: %s%s", path, action, reason);
}

static fdml_status fail_errno(fdml_error *err, const char *path, const char *action)
{
    return fail_code(err, path, action, errno);
}

static int open_again(const char *path, int flags, mode_t mode)
{
    int fd;
    do fd = open(path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static fdml_status check_kind(const struct stat *st, const char *path, fdml_error *err)
{
    if (S_ISDIR(st->st_mode)) return fdml_fail(err, FDML_E_IO, "%s: is a directory", path);
    if (!S_ISREG(st->st_mode))
        return fdml_fail(err, FDML_E_IO, "%s: is a pipe or device, expected a regular file",
                         path);
    return FDML_OK;
}

static fdml_status map_fd(fdml_map *map, int fd, const char *path, fdml_error *err)
{
    struct stat st;
    if (fstat(fd, &st)) return fail_errno(err, path, "");
    FDML_TRY(check_kind(&st, path, err));
    if ((uintmax_t)st.st_size > SIZE_MAX)
        return fdml_fail(err, FDML_E_LIMIT, "%s: %jd bytes do not fit the address space", path,
                         (intmax_t)st.st_size);
    const size_t size = (size_t)st.st_size;
    if (!size) { /* mmap refuses length 0 */
        *map = (fdml_map){ (const unsigned char *)"", 0 };
        return FDML_OK;
    }
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) return fail_errno(err, path, "cannot map: ");
    *map = (fdml_map){ data, size };
    return FDML_OK;
}

fdml_status fdml_file_map(fdml_map *map, const char *path, fdml_error *err)
{
    /* O_NONBLOCK: opening a pipe to refuse it must not wait for a writer. */
    const int fd = open_again(path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) return fail_errno(err, path, "");
    const fdml_status status = map_fd(map, fd, path, err);
    close(fd);
    return status;
}

void fdml_file_unmap(fdml_map *map)
{
    if (map->size) munmap((void *)(uintptr_t)map->data, map->size);
    *map = (fdml_map){ 0 };
}

void fdml_file_ask(const char *path)
{
#ifdef POSIX_FADV_WILLNEED
    const int fd = open_again(path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) return;
    (void)posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
    close(fd);
#else
    (void)path;
#endif
}

/* Reads to the end of fd or until the buffer is full; -1 on an error. */
static ssize_t read_fully(int fd, char *buffer, size_t size)
{
    size_t n = 0;
    while (n < size) {
        const ssize_t got = read(fd, buffer + n, size - n);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

static fdml_status read_fd(const char **text, size_t *size, int fd, const char *path,
                           size_t limit, fdml_arena *arena, fdml_error *err)
{
    struct stat st;
    if (fstat(fd, &st)) return fail_errno(err, path, "");
    if (S_ISDIR(st.st_mode)) return fdml_fail(err, FDML_E_IO, "%s: is a directory", path);
    const bool is_regular = S_ISREG(st.st_mode);
    if (is_regular && (uintmax_t)st.st_size > limit)
        return fdml_fail(err, FDML_E_LIMIT, "%s: %jd bytes, the limit is %zu", path,
                         (intmax_t)st.st_size, limit);
    /* A pipe does not tell its size, so the limit is what has to fit. The extra byte tells
     * "full" from "too long", and holds the NUL. */
    const size_t room = (is_regular ? (size_t)st.st_size : limit) + 1;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    char *bytes = fdml_arena_push(arena, room, 1);
    if (!bytes) return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu bytes", path, room);
    const ssize_t n = read_fully(fd, bytes, room);
    fdml_status status = FDML_OK;
    if (n < 0)
        status = fail_errno(err, path, "");
    else if ((size_t)n == room)
        status = fdml_fail(err, FDML_E_LIMIT, "%s: more than %zu bytes", path, room - 1);
    if (status) {
        fdml_arena_reset(arena, mark);
        return status;
    }
    bytes[n] = 0;
    *text = bytes;
    if (size) *size = (size_t)n;
    return FDML_OK;
}

fdml_status fdml_file_read(const char **text, size_t *size, const char *path, size_t limit,
                           fdml_arena *arena, fdml_error *err)
{
    const int fd = open_again(path, O_RDONLY, 0);
    if (fd < 0) return fail_errno(err, path, "");
    const fdml_status status = read_fd(text, size, fd, path, limit, arena, err);
    close(fd);
    return status;
}

const char *fdml_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

bool fdml_file_has_suffix(const char *path, const char *suffix)
{
    const size_t n = strlen(path), m = strlen(suffix);
    if (n < m) return false;
    for (size_t i = 0; i < m; i++)
        if (lower(path[n - m + i]) != lower(suffix[i])) return false;
    return true;
}

/* The mode of the file to be replaced, or what the umask leaves of rw-rw-rw-. */
static fdml_status open_temporary(fdml_output *output, const struct stat *old, fdml_error *err)
{
    for (unsigned attempt = 0; attempt < 1000; attempt++) {
        const int n = snprintf(output->temporary, sizeof output->temporary, "%s.tmp%ld.%u",
                               output->target, (long)getpid(), attempt);
        if (n < 0 || (size_t)n >= sizeof output->temporary)
            return fdml_fail(err, FDML_E_IO, "%s: path is too long", output->path);
        const int fd = open_again(output->temporary, O_WRONLY | O_CREAT | O_EXCL, 0666);
        if (fd < 0 && errno == EEXIST) continue; /* left by a run that was killed */
        if (fd < 0) return fail_errno(err, output->path, "cannot write: ");
        if (old) (void)fchmod(fd, old->st_mode & 0777); /* best effort: a nicety */
        output->file = fdopen(fd, "w");
        if (output->file) return FDML_OK;
        const fdml_status status = fail_errno(err, output->path, "cannot write: ");
        close(fd);
        unlink(output->temporary);
        return status;
    }
    return fdml_fail(err, FDML_E_IO, "%s: 1000 temporary files stand in the way", output->path);
}

fdml_status fdml_output_open(fdml_output *output, const char *path, FILE *standard,
                             fdml_error *err)
{
    memset(output, 0, sizeof *output);
    if (strlen(path) >= sizeof output->path)
        return fdml_fail(err, FDML_E_IO, "output path has %zu bytes, the limit is %zu",
                         strlen(path), sizeof output->path - 1);
    snprintf(output->path, sizeof output->path, "%s", path);
    if (!strcmp(path, "-")) {
        if (!standard) return fdml_fail(err, FDML_E_ARG, "'-' is not possible here");
        output->file = standard;
        output->is_standard = true;
        return FDML_OK;
    }
    if (!*path) return fdml_fail(err, FDML_E_IO, "output path is empty");
    FDML_TRY(fdml_file_follow(output->target, path, err));
    struct stat st;
    if (stat(output->target, &st)) return open_temporary(output, NULL, err);
    if (S_ISDIR(st.st_mode)) return fdml_fail(err, FDML_E_IO, "%s: is a directory", path);
    if (S_ISREG(st.st_mode)) return open_temporary(output, &st, err);
    output->file = fopen(path, "w");
    return output->file ? FDML_OK : fail_errno(err, path, "cannot write: ");
}

/* Makes the new directory entry durable. Not every file system can, so failure is no error. */
static void sync_directory(const char *path)
{
    char directory[FDML_PATH_SIZE];
    const size_t length = (size_t)(fdml_file_name(path) - path);
    memcpy(directory, length ? path : ".", length ? length : 1);
    directory[length ? length : 1] = 0;
    const int fd = open_again(directory, O_RDONLY, 0);
    if (fd < 0) return;
    (void)fsync(fd);
    close(fd);
}

/* Flushes and syncs; an errno value, or 0. */
static int finish_writing(FILE *file, bool syncs)
{
    if (fflush(file)) return errno;
    if (ferror(file)) return EIO; /* an earlier write failed; its reason is lost */
    if (!syncs || !fsync(fileno(file))) return 0;
    return errno == EINVAL || errno == ENOTSUP ? 0 : errno; /* not every file system can */
}

fdml_status fdml_output_flush(fdml_output *output, fdml_error *err)
{
    const int code = finish_writing(output->file, *output->temporary);
    if (!code) return FDML_OK;
    return fail_code(err, output->is_standard ? "standard output" : output->path,
                     "cannot write: ", code);
}

fdml_status fdml_output_commit(fdml_output *output, fdml_error *err)
{
    const char *path = output->is_standard ? "standard output" : output->path;
    int code = finish_writing(output->file, *output->temporary);
    if (!output->is_standard && fclose(output->file) && !code) code = errno;
    output->file = NULL;
    if (!code && *output->temporary && rename(output->temporary, output->target)) code = errno;
    if (!code && *output->temporary) {
        sync_directory(output->target);
        *output->temporary = 0;
    }
    if (!code) return FDML_OK;
    fdml_output_abort(output);
    return fail_code(err, path, "cannot write: ", code);
}

void fdml_output_abort(fdml_output *output)
{
    if (output->file && !output->is_standard) fclose(output->file);
    output->file = NULL;
    if (*output->temporary) unlink(output->temporary);
    *output->temporary = 0;
}
