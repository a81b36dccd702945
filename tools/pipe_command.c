/* pipe_command.c - see pipe_command.h.
 *
 * A process that is waited for gives its number away, and with it that of its group. So the
 * shell's end is first looked at (WNOWAIT), then the group is killed, and only then the number
 * is given back.
 *
 * SPDX-License-Identifier: MIT */
#include "pipe_command.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The group of the command that is open; 0: none. */
static volatile sig_atomic_t group;
_Static_assert(sizeof(pid_t) <= sizeof(sig_atomic_t), "a handler must read it whole");

void pipe_command_kill(void)
{
    if (group > 0) kill(-(pid_t)group, SIGKILL);
}

static void close_input(pipe_command *p)
{
    if (p->to >= 0) close(p->to);
    p->to = -1;
}

/* Whether the command is ready within its patience; it is no longer there once that is over. */
static fdml_status wait_for(pipe_command *p, int fd, short event, const char *what,
                            fdml_error *err)
{
    struct pollfd poll_one = { .fd = fd, .events = event };
    int n;
    do {
        n = poll(&poll_one, 1, p->patience * 1000);
    } while (n < 0 && errno == EINTR);
    if (n != 0) return FDML_OK;
    close_input(p);
    if (!p->is_over) pipe_command_kill();
    return fdml_fail(err, FDML_E_IO, "%s: %s for %d seconds", p->name, what, p->patience);
}

static fdml_status send_text(void *ctx, const char *text, size_t size, fdml_error *err)
{
    pipe_command *p = ctx;
    if (p->to < 0) return fdml_fail(err, FDML_E_IO, "%s: its input is closed", p->name);
    while (size) {
        FDML_TRY(wait_for(p, p->to, POLLOUT, "has not read its input", err));
        const ssize_t n = write(p->to, text, size);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (n < 0)
            break; /* it reads no more: what it answered last, and how it ended, say why */
        text += n;
        size -= (size_t)n;
    }
    return FDML_OK;
}

/* More of the output behind what is there; *ended where there is no more. */
static fdml_status read_more(pipe_command *p, bool *ended, fdml_error *err)
{
    memmove(p->text, p->text + p->begin, p->end - p->begin);
    p->end -= p->begin;
    p->begin = 0;
    if (p->end == sizeof p->text)
        return fdml_fail(err, FDML_E_DATA, "%s: an answer of more than %d bytes", p->name,
                         PIPE_COMMAND_LINE);
    for (;;) {
        FDML_TRY(wait_for(p, p->from, POLLIN, "fewer answers than rows, and nothing", err));
        const ssize_t n = read(p->from, p->text + p->end, sizeof p->text - p->end);
        if (n < 0 && errno == EINTR) continue;
        *ended = n <= 0;
        if (n > 0) p->end += (size_t)n;
        return FDML_OK;
    }
}

static fdml_status receive_line(void *ctx, const char **line, size_t *length, fdml_error *err)
{
    pipe_command *p = ctx;
    bool ended = false;
    const char *at;
    *line = NULL;
    while (!(at = memchr(p->text + p->begin, '\n', p->end - p->begin)) && !ended)
        FDML_TRY(read_more(p, &ended, err));
    if (!at && p->begin == p->end) return FDML_OK;
    const size_t n = at ? (size_t)(at - p->text) - p->begin : p->end - p->begin;
    *line = p->text + p->begin;
    *length = n && (*line)[n - 1] == '\r' ? n - 1 : n;
    p->begin += n + (at != NULL);
    return FDML_OK;
}

/* Milliseconds of its patience that are left of what began at `start`. */
static int left_since(const pipe_command *p, const struct timespec *start)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t gone =
        (now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000;
    const int64_t left = p->patience * (int64_t)1000 - gone;
    return left > 0 ? (int)left : 0;
}

static bool has_ended(const pipe_command *p)
{
    siginfo_t info = { .si_pid = 0 };
    const int failed = waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    return failed ? errno != EINTR : info.si_pid == p->pid;
}

/* Its input is closed since `start`: it should end by itself. */
static void end(pipe_command *p, const struct timespec *start)
{
    const struct timespec turn = { 0, 10000000 };
    if (p->is_over) return;
    while (!has_ended(p) && left_since(p, start)) nanosleep(&turn, NULL);
    p->was_killed = !left_since(p, start);
    pipe_command_kill();
    group = 0;
    while (waitpid(p->pid, &p->status, 0) < 0 && errno == EINTR) continue;
    p->is_over = true;
}

/* What was read is taken. Reads once; false where nothing came, or will come any more. */
static bool read_within(pipe_command *p, int milliseconds)
{
    struct pollfd poll_one = { .fd = p->from, .events = POLLIN };
    const int ready = poll(&poll_one, 1, milliseconds);
    if (ready <= 0) return ready < 0 && errno == EINTR;
    const ssize_t n = read(p->from, p->text, sizeof p->text);
    p->begin = 0;
    p->end = n > 0 ? (size_t)n : 0;
    return n > 0 || (n < 0 && errno == EINTR);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static fdml_status find_surplus(void *ctx, bool is_last, const char **line, size_t *length,
                                fdml_error *err)
{
    (void)err;
    pipe_command *p = ctx;
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    *line = NULL;
    if (is_last) close_input(p);
    for (;;) { /* what is read is looked at, even when time is up */
        while (p->begin < p->end && is_blank(p->text[p->begin])) p->begin++;
        if (p->begin < p->end) break;
        const int left = left_since(p, &start);
        if (!left || !read_within(p, is_last ? left : 0)) break;
    }
    if (p->begin < p->end) {
        *line = p->text + p->begin;
        *length = 0;
        while (*length < p->end - p->begin && !strchr("\r\n", (*line)[*length])) ++*length;
    } else if (is_last) {
        end(p, &start);
    }
    return FDML_OK;
}

static const char *say_ending(void *ctx)
{
    pipe_command *p = ctx;
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    close_input(p);
    end(p, &start);
    if (WIFSIGNALED(p->status))
        snprintf(p->ending, sizeof p->ending, "signal %d", WTERMSIG(p->status));
    else
        snprintf(p->ending, sizeof p->ending, "exit status %d", WEXITSTATUS(p->status));
    return p->ending;
}

/* In the child. A handler of ours would remove our files: what is not ignored gets its usual
 * meaning before signals come in again. */
static _Noreturn void become(const int in[2], const int out[2], const char *command,
                             const sigset_t *mask)
{
    static const int number[] = { SIGINT, SIGTERM, SIGHUP };
    setpgid(0, 0);
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        struct sigaction old;
        if (!sigaction(number[i], NULL, &old) && old.sa_handler != SIG_IGN)
            signal(number[i], SIG_DFL);
    }
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* In a group of its own, which is known before a signal can end us; -1: errno says why. Both
 * sides make the group, as neither knows who is first. */
static pid_t start_group(const int in[2], const int out[2], const char *command)
{
    sigset_t all, mask;
    sigfillset(&all);
    signal(SIGCHLD, SIG_DFL); /* a parent that ignores it would take the exit status from us */
    sigprocmask(SIG_BLOCK, &all, &mask);
    const pid_t pid = fork();
    const int why = errno;
    if (pid == 0) become(in, out, command, &mask);
    if (pid > 0) {
        setpgid(pid, pid);
        group = pid;
    }
    sigprocmask(SIG_SETMASK, &mask, NULL);
    errno = why;
    return pid;
}

/* Where a standard stream of ours is closed a pipe would get its number, and dup2 onto itself
 * would keep it closed at exec, as all ends are. */
static int above_standard(int fd)
{
    const int above = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    const int why = errno;
    close(fd);
    errno = why;
    return above;
}

static bool open_pipe(int end[2])
{
    if (pipe(end)) return false;
    end[0] = above_standard(end[0]);
    end[1] = above_standard(end[1]);
    if (end[0] >= 0 && end[1] >= 0) return true;
    const int why = errno;
    if (end[0] >= 0) close(end[0]);
    if (end[1] >= 0) close(end[1]);
    errno = why;
    return false;
}

fdml_status pipe_command_open(pipe_command *p, fdml_blackbox_pipe *pipe_to, const char *command,
                              int patience, fdml_error *err)
{
    int in[2], out[2];
    assert(!group);
    if (!open_pipe(in)) return fdml_fail(err, FDML_E_IO, "%s: %s", command, strerror(errno));
    if (!open_pipe(out)) {
        close(in[0]), close(in[1]);
        return fdml_fail(err, FDML_E_IO, "%s: %s", command, strerror(errno));
    }
    const pid_t pid = start_group(in, out, command);
    close(in[0]), close(out[1]);
    if (pid < 0) {
        const int why = errno;
        close(in[1]), close(out[0]);
        return fdml_fail(err, FDML_E_IO, "%s: %s", command, strerror(why));
    }
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    signal(SIGPIPE, SIG_IGN);
    *p = (pipe_command){
        .name = command, .pid = pid, .to = in[1], .from = out[0], .patience = patience
    };
    *pipe_to =
        (fdml_blackbox_pipe){ p, command, send_text, receive_line, find_surplus, say_ending };
    return FDML_OK;
}

void pipe_command_close(pipe_command *p)
{
    struct timespec start;
    clock_gettime(CLOCK_MONOTONIC, &start);
    close_input(p);
    close(p->from); /* before waiting: it may be about to write */
    end(p, &start);
}
