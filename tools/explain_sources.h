/* explain_sources.h - the black boxes that options ask for, ready to be studied.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EXPLAIN_SOURCES_H
#define FDML_TOOLS_EXPLAIN_SOURCES_H

#include "explain/study.h"
#include "explain_input.h"
#include "explain_model.h"
#include "pipe_command.h"

typedef struct explain_sources {
    fdml_study_source source[FDML_STUDY_MOST_BOXES];
    size_t n;
    fdml_blackbox outside;
    fdml_blackbox_pipe pipe;
    pipe_command process;
    explain_model model;
    bool has_process, has_model;
} explain_sources;

/* Opens what is outside, and lists its file. Ends the program where that cannot be. A command
 * is not started where nothing is to be asked (--dry-run). */
void explain_sources_open(explain_sources *sources, explain_input *input,
                          const explain_options *options, fdml_arena *arena);

/* After the study and before its reports: ends the program where the command wrote more than
 * was asked for. */
void explain_sources_check_end(explain_sources *sources, const explain_options *options);
void explain_sources_close(explain_sources *sources);

/* Bytes that they take while they are open, but of the arena. */
double explain_sources_memory(const explain_sources *sources);

#endif
