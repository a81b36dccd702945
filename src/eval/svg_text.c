/* svg_text.c - text in a drawing: escaped, measured, cut. See svg.h.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/utf8.h"
#include "eval/report_grid.h"
#include "eval/svg.h"

/* Advances of ' ' to '~' in DejaVu Sans, thousandths of the size: with Verdana the widest of
 * the faces that "sans-serif" stands for. PIL: ImageFont.truetype("DejaVuSans.ttf", 1000)
 * .getlength(c). */
static const short advance[] = {
    318,  401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337,
    636,  636, 636, 636, 636, 636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531,
    1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787,
    603,  787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838, 500,
    500,  613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612,
    635,  635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
};
/* Beyond ASCII: Cyrillic's and Latin's widest letters are 1.1 of the size, wide East Asian
 * characters 1, pictures 1.3. */
enum { NARROW = 1100, WIDE = 1300 };

static const char ellipsis[] = "\xe2\x80\xa6";

/* Bytes of the first character, 1 where it is not valid. */
static size_t step_of(const char *text)
{
    const size_t length = fdml_utf8_length(text, strlen(text));
    return length ? length : 1;
}

static double character_width(const char *text, size_t length)
{
    char one[8] = "";
    if (length == 1) {
        const unsigned char c = (unsigned char)*text;
        return c >= 0x20 && c < 0x7f ? advance[c - 0x20] : NARROW;
    }
    memcpy(one, text, length);
    const size_t columns = fdml_text_width(one);
    return columns == 0 ? 0 : columns == 1 ? NARROW : WIDE;
}

double fdml_svg_text_width(const char *text)
{
    double width = 0;
    while (*text) {
        const size_t step = step_of(text);
        width += character_width(text, step);
        text += step;
    }
    return width * FDML_SVG_TEXT / 1000;
}

/* C0 controls but tab and newline, surrogates and U+FFFE, U+FFFF have no place in XML. */
static bool is_noncharacter(const char *text, size_t length)
{
    return length == 3 && !memcmp(text, "\xef\xbf", 2) && (unsigned char)text[2] >= 0xbe;
}

static void put_character(FILE *file, const char *text, size_t length)
{
    const char *entity = NULL;
    if (length > 1) {
        const bool is_shown = !fdml_utf8_is_control(fdml_utf8_code(text, length)) &&
                              !is_noncharacter(text, length);
        fputs(is_shown ? "" : "\xef\xbf\xbd", file);
        if (is_shown) fwrite(text, 1, length, file);
        return;
    }
    const unsigned char c = (unsigned char)*text;
    if (c == '<') entity = "&lt;";
    if (c == '>') entity = "&gt;";
    if (c == '&') entity = "&amp;";
    if (c == '"') entity = "&quot;";
    if (c == '\'') entity = "&#39;";
    if (c < 0x20 || c == 0x7f) entity = " ";
    if (c >= 0x80) entity = "\xef\xbf\xbd"; /* not valid: a valid one is longer */
    if (entity)
        fputs(entity, file);
    else
        fputc(c, file);
}

void fdml_xml_escape(FILE *file, const char *text)
{
    while (*text) {
        const size_t step = step_of(text);
        put_character(file, text, step);
        text += step;
    }
}

/* Bytes of `text` that fit the room with an ellipsis behind them. */
static size_t cut_at(const char *text, double room)
{
    double width = fdml_svg_text_width(ellipsis);
    size_t at = 0;
    while (text[at]) {
        const size_t step = step_of(text + at);
        width += character_width(text + at, step) * FDML_SVG_TEXT / 1000;
        if (width > room) break;
        at += step;
    }
    return at;
}

static void put_cut(fdml_svg *svg, double room, const char *text)
{
    if (fdml_svg_text_width(text) <= room) {
        fdml_xml_escape(svg->file, text);
    } else {
        const size_t end = cut_at(text, room);
        for (size_t at = 0; at < end;) {
            const size_t step = step_of(text + at);
            put_character(svg->file, text + at, step);
            at += step;
        }
        fprintf(svg->file, "%s<title>", fdml_svg_text_width(ellipsis) <= room ? ellipsis : "");
        fdml_xml_escape(svg->file, text);
        fputs("</title>", svg->file);
    }
    fputs("</text>\n", svg->file);
}

void fdml_svg_text(fdml_svg *svg, double x, double y, fdml_svg_anchor anchor, const char *look,
                   double room, const char *text)
{
    static const char *const name[] = { "start", "middle", "end" };
    fprintf(svg->file, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", look, x,
            y, name[anchor]);
    put_cut(svg, room, text);
}

void fdml_svg_text_up(fdml_svg *svg, double x, double y, double room, const char *text)
{
    fprintf(svg->file,
            "<text class=\"ink\" transform=\"translate(%.1f %.1f) rotate(-90)\" "
            "text-anchor=\"middle\">",
            x, y);
    put_cut(svg, room, text);
}

double fdml_svg_legend(fdml_svg *svg, double x, double y, double room, bool has_lines,
                       const fdml_legend_item *item, size_t n)
{
    enum { ROW = 17, GAP = 14 };
    const double key = has_lines ? 26 : 14;
    double at = 0, row = 0;
    for (size_t i = 0; i < n; i++) {
        const double text = fdml_svg_text_width(item[i].text);
        const double wanted = key + text < room ? key + text : room;
        if (at > 0 && at + wanted > room) at = 0, row += ROW;
        if (svg) {
            const double left = x + at, base = y + row + FDML_SVG_TEXT;
            if (has_lines) {
                fdml_svg_path_begin(svg, item[i].series, "line");
                fdml_svg_path_to(svg, true, left, base - 4);
                fdml_svg_path_to(svg, false, left + key - 4, base - 4);
                fdml_svg_path_end(svg, NULL);
            }
            fdml_svg_mark(svg, item[i].series, left + (key - 4) / 2, base - 4, 7, false, NULL);
            fdml_svg_text(svg, left + key, base, FDML_SVG_START, "ink", wanted - key + 1,
                          item[i].text);
        }
        at += wanted + GAP;
    }
    return n ? row + ROW : 0;
}
