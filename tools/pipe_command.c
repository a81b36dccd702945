/* pipe_command.c - see pipe_command.h.
 *
 * SPDX-License-Identifier: MIT */
#include "pipe_command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static fdml_status send_text(void *ctx, const char *text, size_t size, fdml_error *err)
{
    (void)err;
    const pipe_command *p = ctx;
    while (size) {
        const ssize_t n = write(p->to, text, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0)
            break; /* it reads no more: what it answered last, and how it ended, say why */
        text += n;
        size -= (size_t)n;
    }
    return FDML_OK;
}

static fdml_status receive_line(void *ctx, const char **line, size_t *length, fdml_error *err)
{
    (void)err;
    pipe_command *p = ctx;
    ssize_t n = getline(&p->line, &p->line_size, p->from);
    *line = NULL;
    if (n < 0) return FDML_OK;
    while (n && (p->line[n - 1] == '\n' || p->line[n - 1] == '\r')) n--;
    *line = p->line;
    *length = (size_t)n;
    return FDML_OK;
}

static void end(pipe_command *p)
{
    if (p->to >= 0) close(p->to);
    p->to = -1;
    while (!p->is_over && waitpid(p->pid, &p->status, 0) < 0 && errno == EINTR) continue;
    p->is_over = true;
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
                              fdml_error *err)
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
    FILE *from = pid < 0 ? NULL : fdopen(out[0], "r");
    if (!from) {
        const int why = errno;
        close(in[1]), close(out[0]);
        if (pid > 0) waitpid(pid, NULL, 0);
        return fdml_fail(err, FDML_E_IO, "%s: %s", command, strerror(why));
    }
    fcntl(in[1], F_SETFD, FD_CLOEXEC);
    fcntl(out[0], F_SETFD, FD_CLOEXEC);
    signal(SIGPIPE, SIG_IGN);
    *p = (pipe_command){ .pid = pid, .to = in[1], .from = from };
    *pipe_to = (fdml_blackbox_pipe){ p, command, send_text, receive_line, say_ending };
    return FDML_OK;
}

void pipe_command_close(pipe_command *p)
{
    if (p->to >= 0) close(p->to);
    p->to = -1;
    fclose(p->from); /* before waiting: it may be about to write */
    end(p);
    free(p->line);
}
