/* findml_words.c - what a method changed and what it did not, in sentences made of the numbers.
 * See findml.h.
 *
 * A change counts where the t interval of the paired differences does not hold 0. A gap is
 * never told alone: what became of the worst group and of all rows is part of its sentence,
 * because a gap also closes where everybody is served worse.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "findml.h"

enum { SENTENCE = 2048 };

typedef struct words {
    char text[SENTENCE];
    size_t n;
} words;

static void say(words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(words *w, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(w->text + w->n, sizeof w->text - w->n, format, arguments);
    va_end(arguments);
    if (n > 0) w->n += (size_t)n;
    if (w->n >= sizeof w->text) w->n = sizeof w->text - 1;
}

static const findml_measure told[] = { FINDML_RECALL,   FINDML_WORST, FINDML_MAJORITY,
                                       FINDML_MINORITY, FINDML_GAP,   FINDML_LEAKAGE,
                                       FINDML_BALANCED, FINDML_MAP };
enum { N_TOLD = sizeof told / sizeof *told };

/* Where two groups are all there are, the minority is the worst group, or the majority is. */
static bool is_repeated(const findml_change *change, size_t i)
{
    if (told[i] != FINDML_MAJORITY && told[i] != FINDML_MINORITY) return false;
    return change[i].mean == change[1].mean && change[i].half == change[1].half;
}

static void say_change(words *w, const findml_change *c, findml_measure m, double confidence)
{
    const findml_measure_info *info = &findml_measures[m];
    say(w, "%s %s by %.3f (%g%%: %+.3f to %+.3f; better in %zu of %zu seeds)", info->heading,
        c->mean > 0 ? "rose" : "fell", fabs(c->mean), 100 * confidence, c->mean - c->half,
        c->mean + c->half, c->n_better, c->n);
}

static void say_all(words *w, const findml_change *change, double confidence)
{
    size_t n = 0;
    for (size_t i = 0; i < N_TOLD; i++) {
        if (!change[i].is_beyond || is_repeated(change, i)) continue;
        say(w, n++ ? "; " : " Beyond chance: ");
        say_change(w, &change[i], told[i], confidence);
    }
    say(w, n ? "." : " Nothing changed beyond what seeds differ by.");
    size_t n_rest = 0;
    for (size_t i = 0; i < N_TOLD && n; i++) {
        if (change[i].is_beyond || change[i].n < 2 || is_repeated(change, i)) continue;
        say(w, "%s%s (%+.3f ± %.3f)",
            n_rest++ ? ", " : " Not to be told from chance: ", findml_measures[told[i]].heading,
            change[i].mean, change[i].half);
    }
    if (n_rest) say(w, ".");
}

/* The sign of a change that counts. */
static int sign(const findml_change *c)
{
    return !c->is_beyond ? 0 : c->mean > 0 ? 1 : -1;
}

static void say_verdict(words *w, const findml_change *change)
{
    const int overall = sign(&change[0]), worst = sign(&change[1]);
    const int gap = sign(&change[4]), leakage = sign(&change[5]); /* in the order of told[] */
    if (worst > 0)
        say(w, " The worst group gained%s%s%s.",
            overall < 0   ? ", at a cost to the whole"
            : overall > 0 ? ", and so did the whole"
                          : "",
            gap && overall ? "," : "",
            gap < 0   ? " and the gap closed"
            : gap > 0 ? " though the gap opened"
                      : "");
    else if (gap < 0)
        say(w, " The gap closed without a gain for the worst group: that is levelling down, "
               "not fairness.");
    else if (worst < 0)
        say(w, " The worst group lost.");
    if (leakage > 0) say(w, " The attribute became easier to read, not harder.");
}

/* A gap of distances, and what a threshold means, shrink with the embedding. */
static void say_shrinking(words *w, const findml_results *r, const findml_cell *cell)
{
    static const double notable = 0.75; /* [ours] of the baseline's spread */
    findml_cell base = *cell;
    base.method = r->grid->baseline;
    const findml_change change = findml_change_over(r, cell, FINDML_INTER);
    const findml_spread spread = findml_spread_over(r, &base, FINDML_INTER);
    const double share = 1 + change.mean / spread.mean;
    if (change.is_beyond && share < notable)
        say(w, " Classes lie nearer together: the spread is %.2f of the baseline's.", share);
}

static void tell(const findml_results *r, const findml_cell *cell, findml_print *print,
                 void *ctx)
{
    words w = { .n = 0 };
    findml_change change[N_TOLD];
    const findml_grid *g = r->grid;
    for (size_t i = 0; i < N_TOLD; i++) change[i] = findml_change_over(r, cell, told[i]);
    say(&w, "%s against %s, %zu seed%s:", g->methods.item[cell->method],
        g->methods.item[g->baseline], change[0].n, change[0].n == 1 ? "" : "s");
    if (change[0].n < FINDML_MIN_PAIRS) {
        say(&w, " too few seeds to say what is more than chance.");
    } else {
        say_all(&w, change, g->confidence);
        say_verdict(&w, change);
        say_shrinking(&w, r, cell);
    }
    print(ctx, w.text);
}

void findml_words(const findml_results *results, const findml_cell *cell, findml_print *print,
                  void *ctx)
{
    findml_cell c = *cell;
    for (c.method = 0; c.method < results->grid->methods.n; c.method++)
        if (c.method != results->grid->baseline) tell(results, &c, print, ctx);
}
