/* cli_progress.c - how far the work is and how long it still takes, on stderr.
 *
 * On a terminal one line is redrawn at most five times a second and removed at the end; with
 * --progress elsewhere, a plain line at every tenth. The share is of the whole run. The time
 * left is what remains divided by the rate of about the last ten seconds, so a machine that
 * slows down is believed within that time; in a phase's first half second no time is given, for
 * it would be a guess. SPDX-License-Identifier: MIT */
#include <time.h>
#include <unistd.h>

#include "cli.h"

enum { WINDOW = 32 };
static const double window_seconds = 10, redraw_seconds = 0.2, settle_seconds = 0.5;

static struct {
    bool is_terminal, is_drawn;
    const char *phase, *unit;
    char note[200];
    double total; /* of the phase, in units */
    double started, phase_started, drawn_at;
    int tenth;                          /* last one printed, of a plain line */
    double when[WINDOW], share[WINDOW]; /* ring of samples of this phase */
    unsigned n;
} line;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void print_clock(char text[40], double seconds)
{
    const long s = (long)(seconds + 0.5);
    if (s < 3600)
        snprintf(text, 40, "%ld:%02ld", s / 60, s % 60);
    else
        snprintf(text, 40, "%ld:%02ld:%02ld", s / 3600 % 10000, s / 60 % 60, s % 60);
}

/* Share per second, from the oldest sample of the window to this one; 0: not known yet. */
static double rate(double t, double share)
{
    if (t - line.phase_started < settle_seconds || share <= 0) return 0;
    const unsigned n = line.n < WINDOW ? line.n : WINDOW;
    double since = line.phase_started, from = 0;
    for (unsigned i = 1; i <= n; i++) {
        const unsigned slot = (line.n - i) % WINDOW;
        since = line.when[slot], from = line.share[slot];
        if (t - since >= window_seconds) break;
    }
    return share > from ? (share - from) / (t - since) : 0;
}

static void draw(double t, double share)
{
    char elapsed[40], left[40] = "", speed[64] = "";
    const double per_second = rate(t, share);
    print_clock(elapsed, t - line.started);
    if (per_second > 0 && share < 1) print_clock(left, (1 - share) / per_second);
    if (per_second > 0 && line.unit)
        snprintf(speed, sizeof speed, ", %.*f %s/s", per_second * line.total < 10 ? 2 : 0,
                 per_second * line.total, line.unit);
    fprintf(stderr, "%s%-14s %5.1f%%  %s elapsed%s%s%s%s%s%s%s", line.is_terminal ? "\r" : "",
            line.phase, 100 * share, elapsed, speed, *left ? ", " : "", left,
            *left ? " left" : "", *line.note ? "  " : "", line.note,
            line.is_terminal ? "\033[K" : "\n");
    fflush(stderr);
    line.is_drawn = line.is_terminal;
}

static void report(void *ctx, const char *phase, double done, double total)
{
    (void)ctx;
    const double t = now(), share = total > 0 ? (done < total ? done / total : 1) : 1;
    if (phase != line.phase) {
        line.phase = phase;
        line.total = total;
        line.phase_started = line.when[0] = t;
        line.share[0] = share;
        line.n = 1;
        line.tenth = -1;
    }
    const double spacing = window_seconds / (WINDOW - 2); /* so that the ring covers a window */
    if (t - line.when[(line.n - 1) % WINDOW] >= spacing) {
        line.when[line.n % WINDOW] = t;
        line.share[line.n % WINDOW] = share;
        line.n++;
    }
    const int tenth = (int)(10 * share);
    const bool due =
        line.is_terminal ? t - line.drawn_at >= redraw_seconds : tenth > line.tenth;
    if (!due) return;
    line.drawn_at = t;
    line.tenth = tenth;
    draw(t, share);
}

const fdml_progress *cli_progress_open(const cli_common *common)
{
    static const fdml_progress progress = { .report = report };
    line.is_terminal = isatty(STDERR_FILENO);
    line.started = now();
    if (common->quiet || (!line.is_terminal && !common->progress)) return NULL;
    return &progress;
}

void cli_progress_unit(const char *unit)
{
    line.unit = unit;
}

void cli_progress_note(const char *note)
{
    snprintf(line.note, sizeof line.note, "%s", note);
}

void cli_progress_clear(void)
{
    if (line.is_drawn) fputs("\r\033[K", stderr);
    line.is_drawn = false;
}
