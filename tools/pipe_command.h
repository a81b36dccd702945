/* pipe_command.h - a command that is kept open and answers lines: the process behind
 * fdml_blackbox_command (explain/blackbox.h).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_PIPE_COMMAND_H
#define FDML_TOOLS_PIPE_COMMAND_H

#include <sys/types.h>

#include "explain/blackbox.h"

enum { PIPE_COMMAND_LINE = 4096 }; /* bytes of an answer, at most */

typedef struct pipe_command {
    const char *name;
    pid_t pid;    /* of the shell, and of the group of all that it starts */
    int to;       /* its standard input; -1: closed */
    int from;     /* its standard output */
    int patience; /* seconds */
    char text[PIPE_COMMAND_LINE];
    size_t begin, end; /* what of text is not taken yet */
    int status;        /* as waitpid says, once is_over */
    bool is_over;
    bool was_killed; /* as it, or what it started, did not end with its input */
    char ending[64];
} pipe_command;

/* Starts `command` by /bin/sh -c; its standard error stays ours. From then on SIGPIPE is
 * ignored, so that a command that ended is an error and not our end. pipe->name is `command`,
 * borrowed. A command that for `patience` seconds neither reads nor writes where it should is
 * given up: FDML_E_IO.
 *
 * One whose input is closed at the end (pipe->surplus) and that has not ended `patience`
 * seconds later is killed, which is no error: it has answered all that was asked.
 *
 * The shell and what it starts are a process group of their own, which ends with the shell:
 * what is left of it is killed, so that no model stays in memory behind an audit. What should
 * stay must leave the group (setsid). Ctrl-C at the terminal does not reach the group, so
 * whoever may end before pipe_command_close calls pipe_command_kill. One command at a time. */
fdml_status pipe_command_open(pipe_command *p, fdml_blackbox_pipe *pipe, const char *command,
                              int patience, fdml_error *err);

/* Closes its input and waits until it has ended; one that does not end is killed. */
void pipe_command_close(pipe_command *p);

/* Kills the group of the command that is open, if there is one; waits for nothing. Allowed in
 * signal handlers. */
void pipe_command_kill(void);

#endif
