/* cli_command.h - what a program was asked, as names and texts that it could be given again.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_CLI_COMMAND_H
#define FDML_TOOLS_CLI_COMMAND_H

#include "cli.h"
#include "eval/report.h"

/* Options that numbers depend on: those that stand above the section "Output" of the table,
 * since no number and no verdict depends on what stands below. */
size_t cli_command_count(const cli_program *program);

/* Of these, the ones whose value is not that of `defaults`, in the table's order; one that may
 * be repeated comes once for each time. *list is in `arena`; returns how many. */
size_t cli_command_list(const fdml_report_option **list, const cli_program *program,
                        const void *options, const void *defaults, fdml_arena *arena);

#endif
