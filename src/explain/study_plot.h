/* study_plot.h - one explanation of one test row as a panel of bars, for drawings of several
 * (fdml_study_plot) and for pages.
 *
 * A panel has two lines of words, what was explained and what the bars add up to, and a bar for
 * each of the twelve columns that add most, then one for the others together.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_STUDY_PLOT_H
#define FDML_EXPLAIN_STUDY_PLOT_H

#include "eval/svg.h"
#include "explain/study_report.h"

/* Pixels across, so that text is legible on a phone of 360 and not huge on 720. */
enum { FDML_STUDY_PANEL = 400 };

/* By method `method` on black box `box`, which has `local`. */
typedef struct fdml_study_panel {
    const fdml_study *study;
    size_t test; /* index into study->test */
    size_t box, method;
} fdml_study_panel;

double fdml_study_panel_height(const fdml_study_panel *of);
/* Its upper border is at y; the canvas is FDML_STUDY_PANEL wide. */
void fdml_study_panel_draw(fdml_svg *svg, const fdml_study_panel *of, double y);

#endif
