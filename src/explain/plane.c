/* plane.c - see plane.h.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/plane.h"

#include <math.h>

enum { LEAF = 12 }; /* points, at most, that are looked at one by one */

size_t fdml_plane_cells(size_t n)
{
    size_t cells = 1;
    for (; n > LEAF; n = n - n / 2) cells = 2 * cells + 1;
    return cells;
}

static void swap(fdml_point *a, fdml_point *b)
{
    const fdml_point old = *a;
    *a = *b;
    *b = old;
}

/* Hoare's FIND: point[k] becomes what it were in order of coordinate d, with no larger ones
 * before it and no smaller ones after it. */
static void select_point(fdml_point *point, size_t n, size_t k, size_t d)
{
    size_t lo = 0, hi = n - 1;
    while (lo < hi) { /* one no smaller than the pivot stands before hi, so j ends before it */
        const double a = point[lo].at[d], b = point[lo + (hi - lo) / 2].at[d],
                     c = point[hi].at[d];
        const double pivot = fmax(fmin(a, b), fmin(fmax(a, b), c)); /* their median */
        size_t i = lo, j = hi;
        for (;;) {
            while (point[i].at[d] < pivot) i++;
            while (point[j].at[d] > pivot) j--;
            if (i >= j) break;
            swap(&point[i++], &point[j--]);
        }
        /* point[lo .. j] are no larger than the pivot, point[j + 1 .. hi] no smaller */
        if (k <= j)
            hi = j;
        else
            lo = j + 1;
    }
}

static void build(fdml_plane *plane, size_t cell, size_t first, size_t n)
{
    double *box = plane->box + cell * 4;
    for (size_t d = 0; d < 2; d++) {
        box[2 * d] = box[2 * d + 1] = plane->point[first].at[d];
        for (size_t i = first + 1; i < first + n; i++) {
            const double x = plane->point[i].at[d];
            if (x < box[2 * d]) box[2 * d] = x;
            if (x > box[2 * d + 1]) box[2 * d + 1] = x;
        }
    }
    if (n <= LEAF) return;
    const size_t wider = box[3] - box[2] > box[1] - box[0];
    select_point(plane->point + first, n, n / 2, wider);
    build(plane, 2 * cell + 1, first, n / 2);
    build(plane, 2 * cell + 2, first + n / 2, n - n / 2);
}

void fdml_plane_build(fdml_plane *plane)
{
    if (plane->n) build(plane, 0, 0, plane->n);
}

/* --- search ----------------------------------------------------------------------------- */

typedef struct search {
    const fdml_plane *plane;
    size_t self, k;
    double nearest[FDML_PLANE_NEAREST]; /* [k] ascending */
} search;

static void meet(search *s, size_t i)
{
    const double *a = s->plane->point[s->self].at, *b = s->plane->point[i].at;
    const double dx = fabs(a[0] - b[0]), dy = fabs(a[1] - b[1]), far = dx > dy ? dx : dy;
    if (i == s->self || !(far < s->nearest[s->k - 1])) return;
    size_t j = s->k - 1;
    for (; j > 0 && s->nearest[j - 1] > far; j--) s->nearest[j] = s->nearest[j - 1];
    s->nearest[j] = far;
}

/* No point of the cell is nearer: subtraction rounds monotonously. */
static double least_distance(const search *s, size_t cell)
{
    const double *a = s->plane->point[s->self].at, *box = s->plane->box + cell * 4;
    double far = 0;
    for (size_t d = 0; d < 2; d++) {
        if (box[2 * d] - a[d] > far) far = box[2 * d] - a[d];
        if (a[d] - box[2 * d + 1] > far) far = a[d] - box[2 * d + 1];
    }
    return far;
}

static void visit(search *s, size_t cell, size_t first, size_t n)
{
    if (n <= LEAF) {
        for (size_t i = first; i < first + n; i++) meet(s, i);
        return;
    }
    const size_t half = n / 2, left = 2 * cell + 1, right = left + 1;
    const double to_left = least_distance(s, left), to_right = least_distance(s, right);
    const double *last = &s->nearest[s->k - 1];
    if (to_left <= to_right) {
        if (to_left < *last) visit(s, left, first, half);
        if (to_right < *last) visit(s, right, first + half, n - half);
    } else {
        if (to_right < *last) visit(s, right, first + half, n - half);
        if (to_left < *last) visit(s, left, first, half);
    }
}

double fdml_plane_distance(const fdml_plane *plane, size_t i, size_t k)
{
    search s = { .plane = plane, .self = i, .k = k };
    for (size_t j = 0; j < k; j++) s.nearest[j] = INFINITY;
    visit(&s, 0, 0, plane->n);
    return s.nearest[k - 1];
}
