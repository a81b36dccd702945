/* embed_file.c - see embed_file.h.
 *
 * The order of things makes any moment a safe one: rows are synced before the journal that
 * counts them, and the journal is replaced as a whole. SPDX-License-Identifier: MIT */
#include "embed_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "data/npy_write.h"

static const double sync_seconds = 5;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static _Noreturn void fail_errno(const embed_file *f, const char *what)
{
    cli_die(CLI_EXIT_DATA, "%s: %s: %s", f->path, what, strerror(errno));
}

/* What an output is called in the end, and whether it can be written: by opening one as a
 * report would be, and throwing it away. */
static void set_target(embed_file *f)
{
    fdml_error err;
    fdml_output probe;
    CLI_TRY(fdml_output_open(&probe, f->path, NULL, &err), &err);
    const bool is_file = *probe.temporary;
    memcpy(f->target, probe.target, sizeof f->target);
    fdml_output_abort(&probe);
    if (!is_file)
        cli_die(CLI_EXIT_DATA, "%s: is a pipe or device, expected a name for a file", f->path);
}

static void set_names(embed_file *f)
{
    static const char *const suffix[] = { ".part", ".part.json", ".json" };
    char *const name[] = { f->part, f->journal, f->companion };
    set_target(f);
    for (int i = 0; i < 3; i++) {
        const int n = snprintf(name[i], FDML_PATH_SIZE, "%s%s", f->target, suffix[i]);
        if (n < 0 || n >= FDML_PATH_SIZE) cli_die(CLI_EXIT_DATA, "-o: the path is too long");
        cli_output_claim(name[i]);
    }
}

/* Two runs that write the same rows would spoil them. */
static void lock(embed_file *f)
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    if (!fcntl(fileno(f->file), F_SETLK, &whole) || (errno != EACCES && errno != EAGAIN))
        return;
    cli_die(CLI_EXIT_DATA, "%s: another run is writing it", f->part);
}

static void open_part(embed_file *f, bool is_new)
{
    const int fd = open(f->part, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) fail_errno(f, "cannot write");
    f->file = fdopen(fd, "r+b");
    if (!f->file) fail_errno(f, "cannot write");
    lock(f);
    const size_t row = f->net->dim * sizeof(float);
    const off_t size = (off_t)(FDML_NPY_HEADER_SIZE + f->n_rows * row);
    struct stat st;
    if (fstat(fd, &st)) fail_errno(f, "cannot read");
    if (!is_new && st.st_size < size)
        cli_die(CLI_EXIT_DATA, "%s: %lld bytes, %s counts %zu rows of %zu floats", f->part,
                (long long)st.st_size, f->journal, f->n_rows, f->net->dim);
    if (ftruncate(fd, is_new ? 0 : size)) fail_errno(f, "cannot write");
    if (is_new) fdml_npy_write_header(f->file, f->images->n_rows, f->net->dim);
    if (fseeko(f->file, size, SEEK_SET)) fail_errno(f, "cannot write");
}

void embed_file_open(embed_file *f, const char *path, bool resume, fdml_arena *arena)
{
    f->path = path;
    set_names(f);
    f->skipped = fdml_arena_push(arena, EMBED_SKIPPED_MAX, sizeof *f->skipped);
    if (!f->skipped) cli_die(CLI_EXIT_DATA, "out of memory");
    const bool has_part = !access(f->part, F_OK) && !access(f->journal, F_OK);
    if (has_part && !resume)
        cli_die(CLI_EXIT_DATA,
                "%s: an unfinished run; --resume goes on with it, removing it "
                "starts anew",
                f->part);
    if (resume && !has_part && !access(f->target, F_OK))
        f->is_complete = embed_journal_read(f, f->companion, arena);
    if (f->is_complete) return;
    const bool goes_on = has_part && embed_journal_read(f, f->journal, arena);
    open_part(f, !goes_on);
    f->n_before = f->done;
    f->synced_at = 0; /* the first rows at once: a full disk should show early */
}

void embed_file_row(embed_file *f, const float *values)
{
    fdml_npy_write_items(f->file, values, f->net->dim);
    f->n_rows++;
}

void embed_file_skip(embed_file *f, size_t row)
{
    if (f->n_skipped == EMBED_SKIPPED_MAX)
        cli_die(CLI_EXIT_DATA, "%s: more than %d pictures cannot be read", f->images->shown,
                EMBED_SKIPPED_MAX);
    f->skipped[f->n_skipped++] = (uint32_t)row;
}

void embed_file_sync(embed_file *f)
{
    if (fflush(f->file) || ferror(f->file) || fsync(fileno(f->file)))
        fail_errno(f, "cannot write");
    embed_journal_write(f, f->journal);
    f->synced_at = now();
}

void embed_file_pause(embed_file *f, size_t done)
{
    f->done = done;
    if (now() - f->synced_at >= sync_seconds) embed_file_sync(f);
}

void embed_file_finish(embed_file *f)
{
    fdml_error err;
    if (fflush(f->file) || fseeko(f->file, 0, SEEK_SET)) fail_errno(f, "cannot write");
    fdml_npy_write_header(f->file, f->n_rows, f->net->dim);
    if (fflush(f->file) || ferror(f->file) || fsync(fileno(f->file)))
        fail_errno(f, "cannot write");
    CLI_TRY(fdml_sha256_file(f->sha256, f->part, &err), &err);
    embed_journal_write(f, f->companion);
    if (rename(f->part, f->target)) fail_errno(f, "cannot write");
    unlink(f->journal);
    fclose(f->file);
    f->file = NULL;
}

void embed_file_leave(embed_file *f)
{
    if (!f->file) return;
    if (f->done)
        embed_file_sync(f);
    else
        unlink(f->part), unlink(f->journal);
    fclose(f->file);
    f->file = NULL;
}
