/* findml_run.c - programs as children, some at once. See findml.h.
 *
 * Children are polled rather than waited for, so that a signal is noticed at once: it is passed
 * on, and they end in their own way (fdml-train with a checkpoint). Twenty looks a second
 * cost nothing beside programs that run for minutes.
 *
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "findml.h"

enum { MAX_JOBS = 256 };

typedef struct slot {
    pid_t pid; /* 0: free */
    size_t item, stage;
    const char *log;
    off_t log_from; /* where this program's words begin */
} slot;

typedef struct running {
    const findml_jobs *jobs;
    slot slot[MAX_JOBS];
    size_t next_item, n_done, n_failed;
} running;

static off_t size_of(const char *path)
{
    const int fd = open(path, O_RDONLY);
    const off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    if (fd >= 0) close(fd);
    return size;
}

/* In the child; what it writes goes to the log, which also tells why it could not begin. */
static _Noreturn void become(const findml_job *job)
{
    const int null = open("/dev/null", O_RDONLY);
    const int log = open(job->log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (null < 0 || log < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
        _exit(127);
    execvp(job->argv[0], job->argv);
    dprintf(2, "%s: %s\n", job->argv[0], strerror(errno));
    _exit(127);
}

/* Starts the program of the slot's stage; false: the item has come to its end. */
static bool start(running *r, slot *s)
{
    const findml_jobs *jobs = r->jobs;
    const findml_job job = jobs->next(jobs->ctx, s->item, s->stage);
    if (job.error || !job.argv) {
        if (job.error) jobs->failed(jobs->ctx, s->item, job.error);
        r->n_failed += job.error != NULL;
        r->n_done++;
        s->pid = 0;
        return false;
    }
    s->log = job.log;
    s->log_from = size_of(job.log);
    s->pid = fork();
    if (s->pid < 0) cli_die(CLI_EXIT_DATA, "cannot start a program: %s", strerror(errno));
    if (!s->pid) become(&job);
    return true;
}

/* The last line that the program wrote. */
static void last_words(char *words, size_t size, const slot *s)
{
    char text[1024];
    const int fd = open(s->log, O_RDONLY);
    *words = 0;
    if (fd < 0) return;
    const off_t end = lseek(fd, 0, SEEK_END), room = (off_t)sizeof text - 1;
    const off_t from = end - s->log_from > room ? end - room : s->log_from;
    ssize_t n = pread(fd, text, sizeof text - 1, from);
    close(fd);
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r')) n--;
    if (n <= 0) return;
    text[n] = 0;
    const char *line = strrchr(text, '\n');
    snprintf(words, size, "%s", line ? line + 1 : text);
}

static void report_failure(running *r, const slot *s, int status)
{
    char words[1024], why[1100];
    last_words(words, sizeof words, s);
    if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "ended by signal %d%s%s", WTERMSIG(status),
                 *words ? ": " : "", words);
    else
        snprintf(why, sizeof why, "exit status %d%s%s", WEXITSTATUS(status), *words ? ": " : "",
                 words);
    r->jobs->failed(r->jobs->ctx, s->item, why);
    r->n_failed++;
    r->n_done++;
}

/* True where something went on. */
static bool look_at(running *r, slot *s)
{
    int status;
    if (!s->pid || waitpid(s->pid, &status, WNOHANG) != s->pid) return false;
    s->pid = 0;
    if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        report_failure(r, s, status);
        return true;
    }
    s->stage++;
    start(r, s);
    return true;
}

static bool fill(running *r, size_t n_slots)
{
    bool went_on = false;
    for (size_t i = 0; i < n_slots; i++) {
        slot *s = &r->slot[i];
        while (!s->pid && r->next_item < r->jobs->n_items) {
            *s = (slot){ .item = r->next_item++ };
            went_on = true;
            start(r, s);
        }
    }
    return went_on;
}

static _Noreturn void pass_on(const running *r, size_t n_slots, int number)
{
    for (size_t i = 0; i < n_slots; i++)
        if (r->slot[i].pid) kill(r->slot[i].pid, SIGTERM);
    for (size_t i = 0; i < n_slots; i++)
        if (r->slot[i].pid) waitpid(r->slot[i].pid, NULL, 0);
    cli_end_by_signal(number);
}

size_t findml_jobs_run(const findml_jobs *jobs)
{
    static running r;
    const size_t n_slots = jobs->n_jobs < MAX_JOBS ? jobs->n_jobs : MAX_JOBS;
    const struct timespec nap = { .tv_nsec = 50000000 };
    r = (running){ .jobs = jobs };
    while (r.n_done < jobs->n_items) {
        bool went_on = fill(&r, n_slots);
        for (size_t i = 0; i < n_slots; i++) went_on |= look_at(&r, &r.slot[i]);
        if (cli_noted_signal()) pass_on(&r, n_slots, cli_noted_signal());
        if (jobs->progress)
            jobs->progress->report(jobs->progress->ctx, jobs->phase, (double)r.n_done,
                                   (double)jobs->n_items);
        if (!went_on) nanosleep(&nap, NULL);
    }
    return r.n_failed;
}
