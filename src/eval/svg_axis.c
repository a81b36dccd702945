/* svg_axis.c - axes: where values lie, round numbers, grid lines and titles. See svg.h.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdlib.h>

#include "base/dmath.h"
#include "eval/svg.h"

enum { MOST_STEPS = 5, Y_TITLE = 47 }; /* pixels from the axis to its title */

static double log10_of(double value)
{
    return fdml_log(value) / 2.302585092994046; /* log 10 */
}

static double power_of_ten(int exponent)
{
    double power = 1;
    for (int e = 0; e < abs(exponent); e++) power *= 10;
    return exponent < 0 ? 1 / power : power;
}

static int floor_power(double value) /* of ten; rounding must not lose a power itself */
{
    return (int)floor(log10_of(value) + 1e-9);
}

static int ceil_power(double value)
{
    return (int)ceil(log10_of(value) - 1e-9);
}

static double place(const fdml_axis *axis, double value)
{
    return axis->is_log ? log10_of(value) : value;
}

double fdml_axis_at(const fdml_axis *axis, double value)
{
    const double low = place(axis, axis->low), high = place(axis, axis->high);
    const double clamped = fmin(fmax(value, axis->low), axis->high);
    return axis->from + (place(axis, clamped) - low) / (high - low) * (axis->to - axis->from);
}

fdml_axis fdml_axis_empty(bool is_log)
{
    return (fdml_axis){ .low = INFINITY, .high = -INFINITY, .is_log = is_log };
}

void fdml_axis_hold(fdml_axis *axis, double value)
{
    if (isnan(value) || isinf(value) || (axis->is_log && value <= 0)) return;
    axis->low = fmin(axis->low, value);
    axis->high = fmax(axis->high, value);
}

/* The smallest of 1, 2, 5 times a power of ten that cuts `span` in at most `most` steps. */
static double round_step(double span, size_t most)
{
    const double least = span / (double)most, power = power_of_ten(floor_power(least));
    for (int i = 0; i < 3; i++) {
        const double step = (const double[]){ 1, 2, 5 }[i] * power;
        if (step >= least * (1 - 1e-9)) return step;
    }
    return 10 * power;
}

/* The nearest 1, 2 or 5 times a power of ten, not below or not above the value. */
static double round_log(double value, bool up)
{
    const double power = power_of_ten(floor_power(value));
    const double step[] = { power, 2 * power, 5 * power, 10 * power };
    size_t i = 0;
    while (i < 3 && step[i + 1] <= value * (1 + 1e-9)) i++;
    return up && step[i] < value * (1 - 1e-9) ? step[i + 1] : step[i];
}

void fdml_axis_round(fdml_axis *axis)
{
    if (!(axis->low <= axis->high)) {
        axis->low = axis->is_log ? 0.1 : 0;
        axis->high = 1;
    }
    if (axis->is_log) {
        axis->low = round_log(axis->low, false);
        axis->high = round_log(axis->high, true);
        if (axis->high <= axis->low) axis->high = 10 * axis->low;
        return;
    }
    double span = axis->high - axis->low;
    const double least = 1e-6 * fmax(fabs(axis->low), fabs(axis->high));
    if (span <= least) { /* one value: about a tenth of it on either side */
        const double room = fmax(0.1 * fabs(axis->low), 1e-3);
        axis->low -= room;
        axis->high += room;
        span = axis->high - axis->low;
    }
    const double step = round_step(span, 2 * MOST_STEPS);
    axis->low = step * floor(axis->low / step + 1e-9);
    axis->high = step * ceil(axis->high / step - 1e-9);
}

static size_t log_ticks(double ticks[FDML_SVG_TICKS], const fdml_axis *axis, size_t most)
{
    const int low = ceil_power(axis->low), high = floor_power(axis->high);
    const int step = (high - low) / (int)most + 1;
    size_t n = 0;
    for (int e = low; e <= high && n < FDML_SVG_TICKS; e += step) ticks[n++] = power_of_ten(e);
    return n;
}

size_t fdml_axis_ticks(double ticks[FDML_SVG_TICKS], const fdml_axis *axis, size_t most)
{
    if (axis->is_log) return log_ticks(ticks, axis, most);
    const double step = round_step(axis->high - axis->low, most);
    const double first = ceil(axis->low / step - 1e-6);
    size_t n = 0;
    for (; n < FDML_SVG_TICKS; n++) {
        const double value = (first + (double)n) * step;
        if (value > axis->high + 1e-6 * step) break;
        ticks[n] = fabs(value) < 1e-9 * step ? 0 : value;
    }
    return n;
}

void fdml_axis_label(char text[32], const fdml_axis *axis, double value)
{
    const double span = axis->high - axis->low;
    const double size = fmax(fabs(axis->low), fabs(axis->high));
    if (axis->is_log || value == 0 || size >= 1e5 || size < 1e-3) {
        snprintf(text, 32, "%g", (double)(float)value);
        return;
    }
    const int decimals = -floor_power(round_step(span, MOST_STEPS));
    snprintf(text, 32, "%.*f", decimals > 0 ? decimals : 0, value);
}

static void put_number(fdml_svg *svg, const fdml_axis *axis, double value, double x, double y,
                       fdml_svg_anchor anchor, double room)
{
    char text[32];
    fdml_axis_label(text, axis, value);
    fdml_svg_text(svg, x, y, anchor, "mute", room, text);
}

/* Half a number's width may stand over the end of the axis: as far as the canvas goes. */
static double middle_of(const fdml_svg *svg, double x, double width)
{
    return fmin(fmax(x, width / 2 + 1), svg->width - width / 2 - 1);
}

void fdml_svg_axis_x(fdml_svg *svg, const fdml_axis *x, double top, double bottom,
                     const char *title)
{
    double ticks[FDML_SVG_TICKS];
    const size_t n = fdml_axis_ticks(ticks, x, MOST_STEPS);
    for (size_t i = 0; i < n; i++) {
        char text[32];
        const double at = fdml_axis_at(x, ticks[i]);
        fdml_axis_label(text, x, ticks[i]);
        fdml_svg_line(svg, at, top, at, bottom, "grid");
        put_number(svg, x, ticks[i], middle_of(svg, at, fdml_svg_text_width(text)), bottom + 14,
                   FDML_SVG_MIDDLE, svg->width);
    }
    fdml_svg_line(svg, x->from, bottom, x->to, bottom, "axis");
    if (!title) return;
    const double width = fmin(fdml_svg_text_width(title), svg->width - 4);
    fdml_svg_text(svg, middle_of(svg, (x->from + x->to) / 2, width), bottom + 30,
                  FDML_SVG_MIDDLE, "ink", width + 1, title);
}

void fdml_svg_plot(fdml_svg *svg, const fdml_plot *plot)
{
    double ticks[FDML_SVG_TICKS];
    const fdml_axis *y = &plot->y;
    const size_t n = fdml_axis_ticks(ticks, y, MOST_STEPS);
    for (size_t i = 0; i < n; i++) {
        const double at = fdml_axis_at(y, ticks[i]);
        fdml_svg_line(svg, plot->x.from, at, plot->x.to, at, "grid");
        put_number(svg, y, ticks[i], plot->x.from - 5, at + 4, FDML_SVG_END, plot->x.from - 5);
    }
    fdml_svg_axis_x(svg, &plot->x, y->to, y->from, plot->x_title);
    if (plot->y_title)
        fdml_svg_text_up(svg, plot->x.from - Y_TITLE, (y->from + y->to) / 2,
                         y->from - y->to + 20, plot->y_title);
}
