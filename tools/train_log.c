/* train_log.c - see train_log.h.
 * SPDX-License-Identifier: MIT */
#include "data/csv_write.h"
#include "train_log.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "base/number.h"
#include "cli.h"
#include "train_events.h"

enum { JSON, CSV, EVENTS };

static double wall_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static _Noreturn void die(const train_log *log, int i)
{
    cli_die(CLI_EXIT_DATA, "%s: cannot write: %s", log->path[i], strerror(errno));
}

/* "r+": what stands there up to `size` stays. */
static void open_at(train_log *log, int i, uint64_t size)
{
    struct stat found;
    log->file[i] = fopen(log->path[i], size ? "r+b" : "wb");
    if (!log->file[i]) die(log, i);
    if (!size) return;
    const int fd = fileno(log->file[i]);
    if (fstat(fd, &found)) die(log, i);
    if ((uint64_t)found.st_size < size)
        cli_die(CLI_EXIT_DATA, "%s: has %lld bytes, but the checkpoint knows of %llu",
                log->path[i], (long long)found.st_size, (unsigned long long)size);
    if (ftruncate(fd, (off_t)size) || fseeko(log->file[i], 0, SEEK_END)) die(log, i);
}

static void write_header(const train_log *log)
{
    FILE *csv = log->file[CSV];
    fputs("step", csv);
    for (size_t i = 0; i < log->n_columns; i++) {
        fputc(',', csv);
        fdml_csv_put_text(csv, log->column[i]);
    }
    fputc('\n', csv);
}

void train_log_open(train_log *log, const train_log_options *o, fdml_arena *arena)
{
    static const char *const name[] = { "log.jsonl", "log.csv", TRAIN_LOG_EVENTS };
    *log = (train_log){ .column = o->column, .n_columns = o->n_columns };
    for (int i = 0; i < TRAIN_LOG_FILES; i++) {
        char path[FDML_PATH_SIZE];
        if (i == EVENTS && !o->with_events) continue;
        snprintf(path, sizeof path, "%s/%s", o->folder, name[i]);
        log->path[i] = fdml_arena_copy_text(arena, path, strlen(path));
        if (!log->path[i]) cli_die(CLI_EXIT_DATA, "no memory");
        open_at(log, i, o->size ? o->size[i] : 0);
        const bool is_new = !o->size || !o->size[i];
        if (is_new && i == CSV) write_header(log);
        if (is_new && i == EVENTS) events_begin(log->file[EVENTS], wall_time());
    }
}

static void write_json(FILE *file, const train_log *log, uint64_t step, const double *value)
{
    fdml_json_writer w;
    fdml_json_writer_init(&w, file, 0);
    fdml_json_begin_object(&w);
    fdml_json_key(&w, "step");
    fdml_json_integer(&w, (int64_t)step);
    for (size_t i = 0; i < log->n_columns; i++) {
        if (isnan(value[i])) continue;
        fdml_json_key(&w, log->column[i]);
        fdml_json_number(&w, value[i]);
    }
    fdml_json_end_object(&w);
    fputc('\n', file);
}

static void write_csv(FILE *file, const train_log *log, uint64_t step, const double *value)
{
    fprintf(file, "%llu", (unsigned long long)step);
    for (size_t i = 0; i < log->n_columns; i++) {
        char number[FDML_NUMBER_TEXT] = "";
        if (!isnan(value[i])) fdml_number_print(number, value[i]);
        fprintf(file, ",%s", number);
    }
    fputc('\n', file);
}

void train_log_write(train_log *log, uint64_t step, const double *value)
{
    const double now = wall_time();
    write_json(log->file[JSON], log, step, value);
    write_csv(log->file[CSV], log, step, value);
    for (size_t i = 0; log->file[EVENTS] && i < log->n_columns; i++)
        if (!isnan(value[i]))
            events_scalar(log->file[EVENTS], now, step, log->column[i], (float)value[i]);
    for (int i = 0; i < TRAIN_LOG_FILES; i++) /* so that others can watch */
        if (log->file[i] && (fflush(log->file[i]) || ferror(log->file[i]))) die(log, i);
}

void train_log_sync(train_log *log, uint64_t *size)
{
    for (int i = 0; i < TRAIN_LOG_FILES; i++) {
        size[i] = 0;
        if (!log->file[i]) continue;
        if (fflush(log->file[i]) || fsync(fileno(log->file[i]))) die(log, i);
        const off_t at = ftello(log->file[i]);
        if (at < 0) die(log, i);
        size[i] = (uint64_t)at;
    }
}

void train_log_close(train_log *log)
{
    for (int i = 0; i < TRAIN_LOG_FILES; i++)
        if (log->file[i] && fclose(log->file[i])) die(log, i);
}
