/* svg.h - a small drawing layer: canvas, measured text, axes, lines, marks, legend, as SVG 1.1.
 *
 * A drawing has a title and a description for those who cannot see it, no script, and no
 * address outside of itself. Looks are classes of one style sheet (fdml_svg_style), so that a
 * page of drawings holds it once; it has a light and a dark half and prints light. Colours tell
 * series apart for any colour vision, and lines differ in dashes and marks in shape as well.
 *
 * Units are CSS pixels at the size the drawing is made for; y grows downwards. Text is 11 px
 * and is cut to the room it is given, measured with the widest common face, so that it stays
 * inside whatever face a reader has; what was cut is the text's own title. Write errors stay in
 * the FILE.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_SVG_H
#define FDML_EVAL_SVG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum {
    FDML_SVG_SERIES = 8,
    FDML_SVG_ALL = FDML_SVG_SERIES, /* the series that stands for all rows: the ink's colour */
    FDML_SVG_TEXT = 11,             /* size of text */
    FDML_SVG_TICKS = 12
};

typedef struct fdml_svg {
    FILE *file;
    double width, height;
} fdml_svg;

typedef struct fdml_svg_about {
    const char *id;                  /* unique in its page, of letters, digits and '-' */
    const char *title, *description; /* texts from anywhere */
} fdml_svg_about;

/* is_alone: a file of its own, which carries the style sheet and a background. */
void fdml_svg_begin(fdml_svg *svg, FILE *file, const fdml_svg_about *about, double width,
                    double height, bool is_alone);
void fdml_svg_end(fdml_svg *svg);
void fdml_svg_style(FILE *file);

/* Text within XML or HTML, also in quotes: markup is escaped, control characters of ASCII
 * become blanks; what is no UTF-8, may not stand in XML, or acts instead of being shown
 * (fdml_utf8_is_control: an override of direction would turn the number behind a name) becomes
 * U+FFFD. */
void fdml_xml_escape(FILE *file, const char *text);

/* --- shapes; `look` is a class: ink mute grid axis band bar whisker point hollow ------------
 */
void fdml_svg_line(fdml_svg *svg, double x0, double y0, double x1, double y1, const char *look);
/* `tip` is shown while a pointer rests on it; NULL: none. */
void fdml_svg_rect(fdml_svg *svg, double x, double y, double width, double height,
                   const char *look, const char *tip);
/* A filled square cell of a heat map: share 0 the background, 1 the full colour. */
void fdml_svg_cell(fdml_svg *svg, double x, double y, double width, double height, double share,
                   const char *tip);
/* Series 0..7, or FDML_SVG_ALL. A line is begun, led through points, and ended. */
void fdml_svg_path_begin(fdml_svg *svg, size_t series, const char *look);
void fdml_svg_path_to(fdml_svg *svg, bool is_first, double x, double y);
void fdml_svg_path_end(fdml_svg *svg, const char *tip);
/* The series' own shape, `size` across. */
void fdml_svg_mark(fdml_svg *svg, size_t series, double x, double y, double size,
                   bool is_hollow, const char *tip);
/* Many marks of a series in one element: begin, a shape for each point, path_end. */
void fdml_svg_marks_begin(fdml_svg *svg, size_t series);
void fdml_svg_marks_add(fdml_svg *svg, size_t series, double x, double y, double size);

/* --- text --------------------------------------------------------------------------------- */
typedef enum fdml_svg_anchor { FDML_SVG_START, FDML_SVG_MIDDLE, FDML_SVG_END } fdml_svg_anchor;
/* Width at most; in pixels. */
double fdml_svg_text_width(const char *text);
/* y is the baseline. */
void fdml_svg_text(fdml_svg *svg, double x, double y, fdml_svg_anchor anchor, const char *look,
                   double room, const char *text);
/* Upwards, its middle at (x, y). */
void fdml_svg_text_up(fdml_svg *svg, double x, double y, double room, const char *text);

/* --- axes (svg_axis.c) -------------------------------------------------------------------- */
/* Values from low to high at positions from..to of the canvas. Positive low where is_log. */
typedef struct fdml_axis {
    double low, high, from, to;
    bool is_log;
} fdml_axis;

double fdml_axis_at(const fdml_axis *axis, double value); /* clamped to the axis */
/* Grows to hold `value`; NaN and, under is_log, what is not positive is passed over. An axis
 * that holds nothing yet has low INFINITY and high -INFINITY. */
fdml_axis fdml_axis_empty(bool is_log);
void fdml_axis_hold(fdml_axis *axis, double value);
/* Borders on round numbers, a little room where there is none; [0, 1] where it held nothing. */
void fdml_axis_round(fdml_axis *axis);
/* Round numbers on it, ascending: at most `most` steps of 1, 2 or 5 times a power of ten, or
 * powers of ten. Returns how many. */
size_t fdml_axis_ticks(double ticks[FDML_SVG_TICKS], const fdml_axis *axis, size_t most);
/* The shortest text that tells the ticks of the axis apart. */
void fdml_axis_label(char text[32], const fdml_axis *axis, double value);

/* The area between two axes: grid lines, numbers and titles, which take 58 pixels at the left
 * and 38 below. Either title may be NULL. */
typedef struct fdml_plot {
    fdml_axis x, y; /* x.from < x.to, y.from > y.to: y's low is at the bottom */
    const char *x_title, *y_title;
} fdml_plot;
void fdml_svg_axis_x(fdml_svg *svg, const fdml_axis *x, double top, double bottom,
                     const char *title);
void fdml_svg_plot(fdml_svg *svg, const fdml_plot *plot);

/* --- legend ------------------------------------------------------------------------------- */
typedef struct fdml_legend_item {
    size_t series;
    const char *text;
} fdml_legend_item;
/* Items in rows within x..x+room, the first baseline at y + 11; returns the height taken. With
 * svg NULL it only measures. */
double fdml_svg_legend(fdml_svg *svg, double x, double y, double room, bool has_lines,
                       const fdml_legend_item *item, size_t n);

#endif
