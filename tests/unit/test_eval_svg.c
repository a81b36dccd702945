/* test_eval_svg.c - the drawing layer: text that is escaped and fits, axes on round numbers.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/svg.h"

static char text[1 << 14];

/* What `draw` writes, NUL-terminated. */
#define DRAWN(draw)                                                                            \
    do {                                                                                       \
        memset(text, 0, sizeof text);                                                          \
        FILE *file = fmemopen(text, sizeof text - 1, "w");                                     \
        fdml_svg svg = { file, 360, 200 };                                                     \
        (void)svg;                                                                             \
        draw;                                                                                  \
        fclose(file);                                                                          \
    } while (0)

Test(eval_svg, markup_and_what_xml_forbids_are_escaped)
{
    static const struct {
        const char *in, *out;
    } cases[] = { { "<a href=\"x\" b='y'>&amp;</a>",
                    "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;amp;&lt;/a&gt;" },
                  { "two\nlines\tand\x01\x7f", "two lines and  " },
                  { "\xff\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
                  { "\xef\xbf\xbe", "\xef\xbf\xbd" },                 /* U+FFFE */
                  { "\xe5\x90\x8d\xe5", "\xe5\x90\x8d\xef\xbf\xbd" }, /* cut short */
                  { "\xd8\xb9 \xf0\x9f\x98\x80", "\xd8\xb9 \xf0\x9f\x98\x80" } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        DRAWN(fdml_xml_escape(file, cases[i].in));
        cr_expect_str_eq(text, cases[i].out);
    }
}

/* What stands before "<title>" or "</text>". */
static void shown_of(char shown[512])
{
    const char *begin = strchr(text, '>') + 1, *end = strchr(begin, '<');
    snprintf(shown, 512, "%.*s", (int)(end - begin), begin);
}

Test(eval_svg, text_is_cut_to_its_room)
{
    static const char *const name[] = {
        "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
        "\xe5\x90\x8d\xe5\x89\x8d\xe3\x81\xae\xe9\x95\xb7\xe3\x81"
        "\x84\xe9\x9b\x86\xe5\x9b\xa3",
        "a name of usual length", "x"
    };
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        for (double room = 12; room < 200; room += 7) {
            char shown[512];
            DRAWN(fdml_svg_text(&svg, 1, 2, FDML_SVG_START, "ink", room, name[i]));
            shown_of(shown);
            cr_expect_leq(fdml_svg_text_width(shown), room, "%s in %g", shown, room);
            const bool fits = fdml_svg_text_width(name[i]) <= room;
            cr_expect_eq(fits, !strcmp(shown, name[i]));
            cr_expect_eq(fits, !strstr(text, "<title>")); /* what was cut can be read */
        }
}

Test(eval_svg, widths_are_those_of_the_face)
{
    /* DejaVu Sans: W is 989 thousandths wide, a space 318; a combining accent has no width. */
    cr_expect_float_eq(fdml_svg_text_width("W"), 0.989 * FDML_SVG_TEXT, 1e-12);
    cr_expect_float_eq(fdml_svg_text_width("W W"), (2 * 0.989 + 0.318) * FDML_SVG_TEXT, 1e-9);
    cr_expect_float_eq(fdml_svg_text_width("W\xcc\x81"), 0.989 * FDML_SVG_TEXT, 1e-12);
}

static void check_ticks(const fdml_axis *axis)
{
    double ticks[FDML_SVG_TICKS];
    char before[32] = "", now[32];
    const size_t n = fdml_axis_ticks(ticks, axis, 5);
    cr_assert(n >= 2 && n <= 6, "%zu ticks from %g to %g", n, axis->low, axis->high);
    const double slack = 1e-9 * fmax(fabs(axis->low), fabs(axis->high));
    for (size_t i = 0; i < n; i++) {
        cr_expect(ticks[i] >= axis->low - slack && ticks[i] <= axis->high + slack);
        cr_expect(i == 0 || ticks[i] > ticks[i - 1]);
        fdml_axis_label(now, axis, ticks[i]);
        cr_expect_str_neq(now, before, "%g of %g to %g", ticks[i], axis->low, axis->high);
        cr_expect_float_eq(strtod(now, NULL), ticks[i], 1e-4 * (axis->high - axis->low));
        strcpy(before, now);
    }
}

Test(eval_svg, axes_hold_their_values_on_round_numbers)
{
    static const double range[][2] = { { 0, 1 },           { 0.9771, 0.9839 }, { -3.9, -2.5 },
                                       { 1e-7, 3e-7 },     { -1e-4, 2e-4 },    { 12, 34567 },
                                       { 0.0432, 0.0432 }, { 0, 0 },           { 5e8, 9e8 } };
    for (size_t i = 0; i < sizeof range / sizeof *range; i++) {
        fdml_axis axis = fdml_axis_empty(false);
        fdml_axis_hold(&axis, range[i][0]);
        fdml_axis_hold(&axis, NAN);
        fdml_axis_hold(&axis, range[i][1]);
        fdml_axis_round(&axis);
        axis.from = 10;
        axis.to = 110;
        cr_expect(axis.low <= range[i][0] && axis.high >= range[i][1] && axis.low < axis.high);
        cr_expect_float_eq(fdml_axis_at(&axis, axis.low), 10, 1e-9);
        cr_expect_float_eq(fdml_axis_at(&axis, axis.high), 110, 1e-9);
        cr_expect_float_eq(fdml_axis_at(&axis, (axis.low + axis.high) / 2), 60, 1e-9);
        cr_expect_float_eq(fdml_axis_at(&axis, 1e300), 110, 1e-9); /* clamped */
        check_ticks(&axis);
    }
}

Test(eval_svg, logarithmic_axes)
{
    fdml_axis axis = fdml_axis_empty(true);
    fdml_axis_hold(&axis, 0); /* has no place */
    fdml_axis_hold(&axis, 3e-6);
    fdml_axis_hold(&axis, 0.25);
    fdml_axis_round(&axis);
    axis.from = 0;
    axis.to = 1;
    cr_expect_float_eq(axis.low, 2e-6, 1e-18);
    cr_expect_float_eq(axis.high, 0.5, 1e-12);
    /* log(1e-3 / 2e-6) / log(0.5 / 2e-6) */
    cr_expect_float_eq(fdml_axis_at(&axis, 1e-3), log(500) / log(250000), 1e-12);
    check_ticks(&axis);
}

Test(eval_svg, an_empty_axis_is_from_0_to_1)
{
    fdml_axis axis = fdml_axis_empty(false);
    fdml_axis_round(&axis);
    cr_expect(axis.low == 0 && axis.high == 1);
}

Test(eval_svg, a_legend_takes_the_height_it_says)
{
    static const fdml_legend_item item[] = { { 0, "one" },
                                             { 1, "a name of usual length" },
                                             { 2, "another name of usual length" },
                                             { FDML_SVG_ALL,
                                               "wwwwwwwwwwwwwwwwwwwwwwwwwwwwwww"
                                               "wwwwwwwwwwwwwwwwwwwwwwwwwwwwww" } };
    double height = 0;
    DRAWN(height = fdml_svg_legend(&svg, 0, 0, 240, true, item, 4));
    cr_expect_eq(height, fdml_svg_legend(NULL, 0, 0, 240, true, item, 4));
    cr_expect_eq(height, 3 * 17); /* one and two in a row, three, four */
    cr_expect_eq(fdml_svg_legend(NULL, 0, 0, 240, true, item, 0), 0);
}

Test(eval_svg, every_series_has_a_shape_of_its_own)
{
    char shape[FDML_SVG_SERIES][512];
    for (size_t s = 0; s < FDML_SVG_SERIES; s++) {
        DRAWN(fdml_svg_mark(&svg, s, 50, 50, 8, false, NULL));
        snprintf(shape[s], sizeof shape[s], "%s", strstr(text, "d="));
        for (size_t t = 0; t < s; t++) cr_expect_str_neq(shape[s], shape[t]);
    }
}
