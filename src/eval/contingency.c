/* contingency.c - the sparse table and the sums over it. See contingency.h.
 *
 * A sweep keeps one counter per group for the current cell and the current class, and one row
 * of cluster counters per group. Only groups that were touched are flushed, so a thousand
 * groups cost no more than the items they have.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/contingency.h"

#include <stdlib.h>
#include <string.h>

#include "base/dmath.h"

enum { MOST_XLOGX = 1 << 16 }; /* 512 KiB of table; larger counts are few */

static int by_cell(const void *a, const void *b)
{
    const fdml_contingency_item *x = a, *y = b;
    if (x->cluster != y->cluster) return x->cluster < y->cluster ? -1 : 1;
    return (x->unit > y->unit) - (x->unit < y->unit);
}

/* Sorts the items of one class and merges those of the same cell and unit. */
static size_t finish_class(fdml_contingency_item *item, size_t n, size_t n_kept,
                           size_t class_begin)
{
    qsort(item + class_begin, n - class_begin, sizeof *item, by_cell);
    const size_t first_kept = n_kept;
    for (size_t i = class_begin; i < n; i++) {
        fdml_contingency_item *last = item + n_kept - (n_kept > first_kept);
        if (n_kept > first_kept && last->cluster == item[i].cluster &&
            last->unit == item[i].unit)
            last->count++;
        else
            item[n_kept++] = item[i];
    }
    return n_kept;
}

static double xlogx_of(uint64_t x)
{
    return x > 1 ? (double)x * fdml_log((double)x) : 0;
}

fdml_status fdml_contingency_make(fdml_contingency *table, const fdml_contingency_rows *rows,
                                  fdml_arena *arena, fdml_error *err)
{
    const size_t n = rows->n_rows, n_xlogx = n < MOST_XLOGX ? n + 1 : MOST_XLOGX;
    double *xlogx = fdml_arena_push(arena, n_xlogx, sizeof *xlogx);
    fdml_contingency_item *item = fdml_arena_push(arena, n, sizeof *item);
    if (!xlogx || !item)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for the contingency table of %zu rows",
                         n);
    for (size_t x = 0; x < n_xlogx; x++) xlogx[x] = xlogx_of(x);

    size_t n_kept = 0, class_begin = 0, n_labels = n > 0;
    for (size_t i = 0; i < n; i++) {
        const size_t id = rows->row ? rows->row[i] : i;
        /* Merging only ever moves items down, so the unread input is never overwritten. */
        item[i] = (fdml_contingency_item){ rows->label[id], rows->assignment[id],
                                           rows->unit ? rows->unit[id] : 0, 1 };
        if (i && item[i].label != item[class_begin].label) {
            n_kept = finish_class(item, i, n_kept, class_begin);
            class_begin = i;
            n_labels++;
        }
    }
    if (n) n_kept = finish_class(item, n, n_kept, class_begin);
    *table = (fdml_contingency){ item, n_kept, rows->n_clusters, n_labels, xlogx, n_xlogx };
    return FDML_OK;
}

/* Counters of one sweep, in the caller's scratch. */
typedef struct sweep {
    const fdml_contingency *table;
    fdml_agreement *sums;
    uint64_t *cell, *label;       /* [n_groups] */
    uint32_t *in_cell, *in_label; /* groups touched */
    size_t n_in_cell, n_in_label;
    uint32_t *label_count; /* [n_groups, n_labels] */
    uint32_t *cluster;     /* [n_groups, n_clusters] */
} sweep;

size_t fdml_contingency_scratch(const fdml_contingency *table, size_t n_groups)
{
    const size_t counters = 2 * (sizeof(uint64_t) + sizeof(uint32_t));
    return n_groups * (counters + (table->n_clusters + table->n_labels) * sizeof(uint32_t));
}

static double xlogx(const fdml_contingency *table, uint64_t x)
{
    return x < table->n_xlogx ? table->xlogx[x] : xlogx_of(x);
}

static double pairs(uint64_t x)
{
    return (double)(x * (x - (x > 0)) / 2);
}

static void end_cell(sweep *s)
{
    for (size_t i = 0; i < s->n_in_cell; i++) {
        const uint32_t g = s->in_cell[i];
        s->sums[g].cell_xlogx += xlogx(s->table, s->cell[g]);
        s->sums[g].cell_pairs += pairs(s->cell[g]);
        s->sums[g].n_cells++;
        if (!s->label[g]) s->in_label[s->n_in_label++] = g;
        s->label[g] += s->cell[g];
        s->cell[g] = 0;
    }
    s->n_in_cell = 0;
}

static void end_label(sweep *s)
{
    for (size_t i = 0; i < s->n_in_label; i++) {
        const uint32_t g = s->in_label[i];
        s->sums[g].label_xlogx += xlogx(s->table, s->label[g]);
        s->sums[g].label_pairs += pairs(s->label[g]);
        s->sums[g].n += (double)s->label[g];
        s->label_count[g * s->table->n_labels + s->sums[g].n_labels++] = (uint32_t)s->label[g];
        s->label[g] = 0;
    }
    s->n_in_label = 0;
}

static void count(sweep *s, uint32_t group, uint32_t cluster, uint64_t n)
{
    if (!s->cell[group]) s->in_cell[s->n_in_cell++] = group;
    s->cell[group] += n;
    s->cluster[group * s->table->n_clusters + cluster] += (uint32_t)n;
}

static void end_clusters(sweep *s, size_t slot)
{
    const uint32_t *m = s->cluster + slot * s->table->n_clusters;
    fdml_agreement *sum = &s->sums[slot];
    for (size_t k = 0; k < s->table->n_clusters; k++) {
        if (!m[k]) continue;
        sum->cluster_xlogx += xlogx(s->table, m[k]);
        sum->cluster_pairs += pairs(m[k]);
        sum->n_clusters++;
    }
}

void fdml_contingency_sums(fdml_agreement *sums, fdml_margins *margins,
                           const fdml_contingency *table, const uint32_t *code, size_t n_groups,
                           void *scratch)
{
    memset(scratch, 0, fdml_contingency_scratch(table, n_groups));
    memset(sums, 0, n_groups * sizeof *sums);
    sweep s = { .table = table, .sums = sums, .cell = scratch };
    s.label = s.cell + n_groups;
    s.in_cell = (uint32_t *)(void *)(s.label + n_groups);
    s.in_label = s.in_cell + n_groups;
    s.cluster = s.in_label + n_groups;
    s.label_count = s.cluster + n_groups * table->n_clusters;
    if (margins) *margins = (fdml_margins){ s.label_count, s.cluster };

    const fdml_contingency_item *item = table->item;
    for (size_t i = 0; i < table->n_items; i++) {
        const bool new_label = i && item[i].label != item[i - 1].label;
        if (i && (new_label || item[i].cluster != item[i - 1].cluster)) end_cell(&s);
        if (new_label) end_label(&s);
        count(&s, code ? code[item[i].unit] : 0, item[i].cluster, item[i].count);
    }
    end_cell(&s);
    end_label(&s);
    for (size_t g = 0; g < n_groups; g++) end_clusters(&s, g);
}
