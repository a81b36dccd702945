/* report_tables.h - the result as tables of text: what text, Markdown and LaTeX print.
 *
 * Four decimals; numbers that four decimals would hide are in powers of ten.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_REPORT_TABLES_H
#define FDML_EVAL_REPORT_TABLES_H

#include "eval/comparison.h"
#include "eval/report.h"
#include "eval/report_grid.h"

#define FDML_SHOWN_MAX 96
void fdml_show_value(char text[FDML_SHOWN_MAX], double value);
void fdml_show_estimate(char text[FDML_SHOWN_MAX], const fdml_estimate *e); /* value [lo, hi] */
/* The same in a cell, with a mark behind it; or why there is none. */
void fdml_grid_estimate(fdml_grid *grid, size_t column, const fdml_estimate *e,
                        const char *mark);
void fdml_show_point(char text[FDML_SHOWN_MAX], const fdml_operating_point *point);

/* False: no memory. A table without rows is not worth printing: n_rows == 0. */
bool fdml_grid_groups(fdml_grid *grid, const fdml_report *report, fdml_arena *arena);
bool fdml_grid_gaps(fdml_grid *grid, const fdml_report *report, fdml_arena *arena);
bool fdml_grid_points(fdml_grid *grid, const fdml_report *report, fdml_arena *arena);
bool fdml_grid_rates(fdml_grid *grid, const fdml_report *report, fdml_arena *arena);
bool fdml_grid_differential(fdml_grid *grid, const fdml_report *report, fdml_arena *arena);
/* The strictest target at which every group has enough pairs, else the loosest; NULL: no point
 * has cross-group rates of this grouping. */
const fdml_operating_point *fdml_report_cross_point(const fdml_audit_result *result,
                                                    size_t grouping);
/* Cross-group impostor rates of one attribute at that point; of more groups than these a line
 * that says so. */
enum { FDML_CROSS_MOST = 24 };
bool fdml_grid_cross(fdml_grid *grid, const fdml_report *report, size_t grouping,
                     fdml_arena *arena);
/* One row for each attribute. */
bool fdml_grid_leakage(fdml_grid *grid, const fdml_report *report, fdml_arena *arena);
/* Downstream, result.downstream[index]: accuracy (without an attribute all measures) of every
 * classifier and group, one column for each protocol; and the gaps of all measures with what
 * the protocols change. The title says what was predicted and trained on. */
bool fdml_grid_learned(fdml_grid *grid, const fdml_report *report, size_t index,
                       fdml_arena *arena);
bool fdml_grid_learned_gaps(fdml_grid *grid, const fdml_report *report, size_t index,
                            fdml_arena *arena);
/* Where it has an attribute: which gaps of accuracy there are, whether balancing closes them. A
 * change counts where its interval leaves out 0, one by one. */
bool fdml_report_learned(const char **sentence, const fdml_report *report, size_t index,
                         fdml_arena *arena);

/* report_slices.c: a row for each slice found; what the search did; and what one slice is. */
bool fdml_grid_slices(fdml_grid *grid, const fdml_report *report, fdml_arena *arena);
bool fdml_report_slices(const char **sentence, const fdml_report *report, fdml_arena *arena);
bool fdml_report_slice(const char **sentence, const fdml_report *report, size_t index,
                       fdml_arena *arena);

/* report_compare.c: overall values and gaps, a row for each metric; and the groups' changes. */
bool fdml_grid_changes(fdml_grid *grid, const fdml_report *report, fdml_arena *arena);
bool fdml_grid_group_changes(fdml_grid *grid, const fdml_report *report, fdml_arena *arena);
/* What got better and worse, and what is too small to tell. */
bool fdml_report_changes(const char **sentence, const fdml_report *report, fdml_arena *arena);
/* The overall change of the first metric, and how many changes can be told from chance. */
bool fdml_report_change(const char **sentence, const fdml_report *report, fdml_arena *arena);
/* "better", "worse", "unclear", and "-" where it was not tested. */
const char *fdml_change_word(const fdml_difference *d, bool higher_is_better,
                             const fdml_audit_settings *settings);
/* report_gates.c: a row for each clause. */
bool fdml_grid_gates(fdml_grid *grid, const fdml_report *report, fdml_arena *arena);

/* Can the gap be told from chance? 1 yes, 0 no, -1 not tested. */
int fdml_gap_verdict(const fdml_gap_result *gap, const fdml_audit_settings *settings);
size_t fdml_gaps_tested(const fdml_audit_result *result);
/* One sentence for all gaps of the report. */
bool fdml_report_verdict(const char **sentence, const fdml_report *report, fdml_arena *arena);
/* Its first part: how many gaps can be told from chance, and which. */
bool fdml_report_shown(const char **sentence, const fdml_report *report, fdml_arena *arena);
/* Permutations with which Holm's correction lets a gap pass at all; 0: there are enough. */
double fdml_permutations_wanted(const fdml_audit_result *result);
/* Appends to a text that is cut at `size`, never overrun. */
void fdml_text_append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "5%": the level of the verdicts, 1 - confidence. */
void fdml_show_level(char text[FDML_SHOWN_MAX], double confidence);
/* The interval is the value itself: all resampled units scored alike, so it says nothing. */
bool fdml_is_flat(const fdml_estimate *e);
/* The group's difference from the reference has an interval that leaves out 0, and that of its
 * value is not flat. */
bool fdml_is_marked(const fdml_group_result *group, size_t metric);

#endif
