/* pipe_command.c - see pipe_command.h.
 *
 * SPDX-License-Identifier: MIT */
#include "pipe_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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
    kill(p->pid, SIGKILL);
    return fdml_fail(err, FDML_E_IO, "%s: %s for %d seconds", p->name, what, p->patience);
}

static fdml_status send_text(void *ctx, const char *text, size_t size, fdml_error *err)
{
    pipe_command *p = ctx;
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

/* Its input is closed: it should end by itself. */
static void end(pipe_command *p)
{
    enum { TURN = 10 }; /* milliseconds */
    if (p->to >= 0) close(p->to);
    p->to = -1;
    for (int left = p->patience * 1000; !p->is_over; left -= TURN) {
        const struct timespec turn = { 0, TURN * 1000000L };
        if (left <= 0) kill(p->pid, SIGKILL);
        const pid_t done = waitpid(p->pid, &p->status, left > 0 ? WNOHANG : 0);
        p->is_over = done == p->pid || (done < 0 && errno != EINTR);
        if (!p->is_over) nanosleep(&turn, NULL);
    }
}

static const char *say_ending(void *ctx)
{
    pipe_command *p = ctx;
    end(p);
    if (WIFSIGNALED(p->status))
        snprintf(p->ending, sizeof p->ending, "signal %d", WTERMSIG(p->status));
    else
        snprintf(p->ending, sizeof p->ending, "exit status %d", WEXITSTATUS(p->status));
    return p->ending;
}

/* In the child: never returns. */
static void become(const int in[2], const int out[2], const char *command)
{
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    close(in[0]), close(in[1]), close(out[0]), close(out[1]);
    signal(SIGPIPE, SIG_DFL);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

fdml_status pipe_command_open(pipe_command *p, fdml_blackbox_pipe *pipe_to, const char *command,
                              int patience, fdml_error *err)
{
    int in[2], out[2];
    if (pipe(in)) return fdml_fail(err, FDML_E_IO, "%s: %s", command, strerror(errno));
    if (pipe(out)) {
        close(in[0]), close(in[1]);
        return fdml_fail(err, FDML_E_IO, "%s: %s", command, strerror(errno));
    }
    const pid_t pid = fork();
    if (pid == 0) become(in, out, command);
    close(in[0]), close(out[1]);
    if (pid < 0) {
        const int why = errno;
        close(in[1]), close(out[0]);
        return fdml_fail(err, FDML_E_IO, "%s: %s", command, strerror(why));
    }
    fcntl(in[1], F_SETFD, FD_CLOEXEC);
    fcntl(in[1], F_SETFL, O_NONBLOCK);
    fcntl(out[0], F_SETFD, FD_CLOEXEC);
    signal(SIGPIPE, SIG_IGN);
    *p = (pipe_command){
        .name = command, .pid = pid, .to = in[1], .from = out[0], .patience = patience
    };
    *pipe_to = (fdml_blackbox_pipe){ p, command, send_text, receive_line, say_ending };
    return FDML_OK;
}

void pipe_command_close(pipe_command *p)
{
    if (p->to >= 0) close(p->to);
    p->to = -1;
    close(p->from); /* before waiting: it may be about to write */
    end(p);
}
