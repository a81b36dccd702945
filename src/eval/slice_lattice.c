/* slice_lattice.c - every slice once, and sums over all of them in one go.
 *
 * A node is a slice with the rows it has; its refinements by any later column are all summed in
 * one pass over these rows, a cell of sixteen sums for each level (sum_by_cell). So a pair of
 * columns costs one addition for each query, whatever the number of its levels, and no row is
 * looked at for a slice it is not in. Refinements that are too small are not listed, and have
 * none of their own.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/parallel.h"
#include "eval/slices_state.h"

/* Sums of so many cells stay in a first-level cache: 32 KiB. */
enum { CELLS_AT_A_TIME = 512 };

static fdml_status no_memory(fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the slices");
}

/* --- how many --------------------------------------------------------------------------- */

/* Slices of up to `depth` more conditions from `column` on, beside `product` cells already. */
static size_t count(const slice_data *data, size_t column, unsigned depth, size_t product,
                    size_t most)
{
    size_t n = 0;
    for (size_t c = column; c < data->n_crossed && n <= FDML_SLICE_MOST; c++) {
        size_t cells = product * data->column[c].n_levels;
        if (cells > most) cells = most;
        n += cells;
        if (depth > 1) n += count(data, c + 1, depth - 1, cells, most);
    }
    return n;
}

/* Of one set of columns at most n / min_rows slices are large enough. */
size_t fdml_slice_count(const slice_data *data, unsigned depth, size_t min_rows)
{
    const size_t most = data->n / (min_rows ? min_rows : 1) + 1;
    size_t n = depth ? count(data, 0, depth, 1, most) : 0;
    for (size_t c = data->n_crossed; c < data->n_columns; c++) n += data->column[c].n_levels;
    return n;
}

/* --- listing ---------------------------------------------------------------------------- */

typedef struct lister {
    slice_lattice *lattice;
    const slice_moments *moments;
    size_t min_rows;
    slice_sum *sum;                         /* [n_cells] */
    uint32_t *rows[FDML_SLICE_MOST_DEPTH];  /* [n] of a node at that depth */
    uint32_t *begin[FDML_SLICE_MOST_DEPTH]; /* [n_cells + 1] */
} lister;

/* rows: [n_rows] to out, level after level of the column; begin: [levels + 1]. */
static void sort_rows(uint32_t *out, uint32_t *begin, const slice_data *data, size_t column,
                      const uint32_t *rows, size_t n_rows)
{
    const size_t n_levels = data->column[column].n_levels;
    const uint16_t *cell = data->cell + column;
    const uint32_t first = data->first[column];
    memset(begin, 0, (n_levels + 1) * sizeof *begin);
    for (size_t i = 0; i < n_rows; i++)
        begin[cell[(rows ? rows[i] : i) * data->n_columns] - first + 1]++;
    for (size_t v = 0; v < n_levels; v++) begin[v + 1] += begin[v];
    for (size_t i = 0; i < n_rows; i++) {
        const uint32_t row = rows ? rows[i] : (uint32_t)i;
        out[begin[cell[row * data->n_columns] - first]++] = row;
    }
    memmove(begin + 1, begin, n_levels * sizeof *begin);
    begin[0] = 0;
}

/* Columns that refine this node: the root alone is split by clusters. */
static size_t end_column(const slice_data *data, const slice_node *node)
{
    return node->slice == NO_SLICE ? data->n_columns : data->n_crossed;
}

static bool is_large(const lister *l, const slice_sum *sum)
{
    const size_t n = l->lattice->data->n;
    return sum->n >= l->min_rows && n - sum->n >= l->min_rows && sum->n < n &&
           sum->n_classes >= FDML_SLICE_LEAST_CLASSES;
}

/* Adds the slices of a node that are large enough. */
static void list_slices(lister *l, uint32_t node_id, const uint32_t *rows, size_t n_rows)
{
    slice_lattice *lattice = l->lattice;
    const slice_data *data = lattice->data;
    slice_node *node = &lattice->node[node_id];
    const size_t end = end_column(data, node);
    for (size_t c = data->first[node->column]; c < data->first[end]; c++)
        fdml_slice_sum_begin(&l->sum[c]);
    for (size_t i = 0; i < n_rows; i++) {
        const uint32_t row = rows ? rows[i] : (uint32_t)i;
        for (size_t c = node->column; c < end; c++)
            fdml_slice_sum_add(&l->sum[data->cell[row * data->n_columns + c]], l->moments, row);
    }
    node->begin = (uint32_t)lattice->n_slices;
    for (size_t column = node->column; column < end; column++)
        for (uint32_t c = data->first[column]; c < data->first[column + 1]; c++) {
            if (!is_large(l, &l->sum[c])) {
                lattice->n_small += l->sum[c].n > 0;
                continue;
            }
            slice_stat *stat = &lattice->stat[lattice->n_slices++];
            *stat = (slice_stat){ .node = node_id,
                                  .cell = c,
                                  .column = (uint32_t)column,
                                  .child = NO_SLICE,
                                  .by = NO_SLICE };
            fdml_slice_sum_end(stat, &l->sum[c], l->moments);
        }
    node->end = (uint32_t)lattice->n_slices;
}

static void list_node(lister *l, uint32_t slice, uint32_t column, unsigned depth,
                      const uint32_t *rows, size_t n_rows)
{
    slice_lattice *lattice = l->lattice;
    const slice_data *data = lattice->data;
    const uint32_t id = (uint32_t)lattice->n_nodes++;
    lattice->node[id] = (slice_node){ .slice = slice, .column = column };
    if (slice != NO_SLICE) lattice->stat[slice].child = id;
    list_slices(l, id, rows, n_rows);
    if (depth <= 1) lattice->task[lattice->n_tasks++] = id;
    uint32_t sorted = UINT32_MAX;
    const slice_node *node = &lattice->node[id];
    for (uint32_t s = node->begin; s < node->end && depth + 1 < lattice->depth; s++) {
        const uint32_t by = lattice->stat[s].column;
        if (by + 1 >= data->n_crossed) break; /* nothing left to cross with */
        if (by != sorted) sort_rows(l->rows[depth], l->begin[depth], data, by, rows, n_rows);
        sorted = by;
        const uint32_t *begin = l->begin[depth] + lattice->stat[s].cell - data->first[by];
        list_node(l, s, by + 1, depth + 1, l->rows[depth] + begin[0], begin[1] - begin[0]);
    }
    lattice->node[id].next = (uint32_t)lattice->n_nodes;
}

/* Queries in the order of each crossed column, for the tasks of every pass. */
static fdml_status make_orders(slice_lattice *lattice, fdml_arena *arena, fdml_error *err)
{
    const slice_data *data = lattice->data;
    const size_t n_orders = lattice->depth > 1 ? data->n_crossed : 0;
    lattice->order = fdml_arena_push(arena, n_orders * data->n, sizeof *lattice->order);
    lattice->order_begin = fdml_arena_push(arena, lattice->n_cells + data->n_columns + 1,
                                           sizeof *lattice->order_begin);
    if (!lattice->order || !lattice->order_begin) return no_memory(err);
    for (size_t c = 0; c < n_orders; c++)
        sort_rows(lattice->order + c * data->n, lattice->order_begin + data->first[c] + c, data,
                  c, NULL, data->n);
    return FDML_OK;
}

/* The root and all below it, with what is only needed meanwhile. */
static fdml_status list_all(slice_lattice *lattice, size_t min_rows, fdml_arena *arena,
                            fdml_error *err)
{
    const slice_data *data = lattice->data;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    slice_moments moments;
    lister l = { .lattice = lattice, .moments = &moments, .min_rows = min_rows };
    FDML_TRY(fdml_slice_moments_make(&moments, data, arena, err));
    l.sum = fdml_arena_push(arena, lattice->n_cells, sizeof *l.sum);
    if (!l.sum) return no_memory(err);
    for (unsigned d = 0; d + 1 < lattice->depth; d++) {
        l.rows[d] = fdml_arena_push(arena, data->n, sizeof(uint32_t));
        l.begin[d] = fdml_arena_push(arena, FDML_SLICE_MOST_LEVELS + 1, sizeof(uint32_t));
        if (!l.rows[d] || !l.begin[d]) return no_memory(err);
    }
    list_node(&l, NO_SLICE, 0, 0, NULL, data->n);
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

fdml_status fdml_slice_lattice_make(slice_lattice *lattice, const slice_data *data,
                                    unsigned depth, size_t min_rows,
                                    const fdml_machine *machine, fdml_arena *arena,
                                    fdml_error *err)
{
    const size_t most = fdml_slice_count(data, depth, min_rows);
    if (most > FDML_SLICE_MOST)
        return fdml_fail(
            err, FDML_E_LIMIT,
            "slices of %zu columns to depth %u are more than %d, the most that are "
            "tried; name fewer columns or a smaller depth",
            data->n_crossed, depth, FDML_SLICE_MOST);
    const size_t most_nodes = 1 + fdml_slice_count(data, depth - 1, min_rows);
    *lattice = (slice_lattice){ .data = data,
                                .machine = machine,
                                .depth = depth,
                                .n_cells = data->first[data->n_columns] };
    lattice->stat = fdml_arena_push(arena, most, sizeof *lattice->stat);
    lattice->node = fdml_arena_push(arena, most_nodes, sizeof *lattice->node);
    lattice->task = fdml_arena_push(arena, 1 + lattice->n_cells, sizeof *lattice->task);
    if (!lattice->stat || !lattice->node || !lattice->task) return no_memory(err);
    FDML_TRY(make_orders(lattice, arena, err));
    return list_all(lattice, min_rows, arena, err);
}

/* --- sums ------------------------------------------------------------------------------- */

typedef struct pass {
    const slice_lattice *lattice;
    const float *values;
    slice_use *use;
    void *ctx;
    char *scratch; /* [n_threads, size] */
    size_t size;
} pass;

/* One thread's scratch. */
typedef struct worker {
    float *sums; /* [n_cells, SLICE_LANES] */
    uint32_t *rows[FDML_SLICE_MOST_DEPTH], *begin[FDML_SLICE_MOST_DEPTH];
} worker;

/* Rows are sorted where a node of two conditions or more has refinements. */
static size_t worker_size(const slice_lattice *lattice)
{
    const size_t n_deep = lattice->depth > 2 ? lattice->depth - 2 : 0;
    const size_t size =
        lattice->n_cells * SLICE_LANES * sizeof(float) +
        n_deep * (lattice->data->n + FDML_SLICE_MOST_LEVELS + 1) * sizeof(uint32_t);
    return (size + 63) / 64 * 64;
}

static worker worker_of(const pass *p, int thread)
{
    worker w = { .sums = (float *)(p->scratch + (size_t)thread * p->size) };
    uint32_t *rest = (uint32_t *)(w.sums + p->lattice->n_cells * SLICE_LANES);
    for (unsigned d = 0; d + 2 < p->lattice->depth; d++) {
        w.rows[d] = rest;
        w.begin[d] = rest + p->lattice->data->n;
        rest = w.begin[d] + FDML_SLICE_MOST_LEVELS + 1;
    }
    return w;
}

static void sum_node(const pass *p, worker *w, size_t task, const slice_node *node,
                     const uint32_t *rows, size_t n_rows)
{
    const slice_data *data = p->lattice->data;
    const fdml_kernels *kernels = p->lattice->machine->kernels;
    const size_t end = end_column(data, node);
    if (node->begin == node->end) return;
    memset(w->sums + data->first[node->column] * SLICE_LANES, 0,
           (data->first[end] - data->first[node->column]) * SLICE_LANES * sizeof *w->sums);
    for (size_t c = node->column, next; c < end; c = next) {
        next = c + 1;
        while (next < end && data->first[next + 1] - data->first[c] <= CELLS_AT_A_TIME) next++;
        kernels->sum_by_cell(w->sums, p->values, rows, n_rows, data->cell + c, data->n_columns,
                             next - c);
    }
    for (uint32_t s = node->begin; s < node->end; s++)
        p->use(p->ctx, task, s, w->sums + p->lattice->stat[s].cell * SLICE_LANES);
}

/* A node of `depth` conditions and all below it. */
static void sum_below(const pass *p, worker *w, size_t task, uint32_t id, unsigned depth,
                      const uint32_t *rows, size_t n_rows)
{
    const slice_lattice *lattice = p->lattice;
    const slice_data *data = lattice->data;
    const slice_node *node = &lattice->node[id];
    sum_node(p, w, task, node, rows, n_rows);
    uint32_t sorted = UINT32_MAX;
    for (uint32_t child = id + 1; child < node->next; child = lattice->node[child].next) {
        const slice_stat *stat = &lattice->stat[lattice->node[child].slice];
        uint32_t *out = w->rows[depth - 1], *begin = w->begin[depth - 1];
        if (stat->column != sorted) sort_rows(out, begin, data, stat->column, rows, n_rows);
        sorted = stat->column;
        begin += stat->cell - data->first[stat->column];
        sum_below(p, w, task, child, depth + 1, out + begin[0], begin[1] - begin[0]);
    }
}

static void run_task(void *ctx, size_t task, int thread)
{
    const pass *p = ctx;
    const slice_lattice *lattice = p->lattice;
    const slice_data *data = lattice->data;
    const uint32_t id = lattice->task[task], slice = lattice->node[id].slice;
    worker w = worker_of(p, thread);
    if (slice == NO_SLICE) { /* its refinements are tasks of their own */
        sum_node(p, &w, task, &lattice->node[id], NULL, data->n);
        return;
    }
    const slice_stat *stat = &lattice->stat[slice];
    const uint32_t *begin = lattice->order_begin + stat->cell + stat->column;
    sum_below(p, &w, task, id, 1, lattice->order + stat->column * data->n + begin[0],
              begin[1] - begin[0]);
}

fdml_status fdml_slice_pass(const slice_lattice *lattice, const float *values, slice_use *use,
                            void *ctx, fdml_arena *arena, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    const int n_threads = lattice->machine->n_threads < 1 ? 1 : lattice->machine->n_threads;
    pass p = { lattice, values, use, ctx, NULL, worker_size(lattice) };
    p.scratch = fdml_arena_push(arena, (size_t)n_threads, p.size);
    if (!p.scratch) return no_memory(err);
    fdml_parallel(lattice->n_tasks, n_threads, run_task, &p);
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

/* --- names ------------------------------------------------------------------------------ */

size_t fdml_slice_cells(uint32_t cells[FDML_SLICE_MOST_DEPTH], const slice_lattice *lattice,
                        uint32_t slice)
{
    uint32_t reversed[FDML_SLICE_MOST_DEPTH];
    size_t n = 0;
    for (; slice != NO_SLICE; slice = lattice->node[lattice->stat[slice].node].slice)
        reversed[n++] = lattice->stat[slice].cell;
    for (size_t i = 0; i < n; i++) cells[i] = reversed[n - 1 - i];
    return n;
}

uint32_t fdml_slice_find(const slice_lattice *lattice, const uint32_t *cells, size_t n)
{
    uint32_t id = 0, slice = NO_SLICE;
    for (size_t i = 0; i < n; i++) {
        if (id == NO_SLICE) return NO_SLICE;
        const slice_node *node = &lattice->node[id];
        slice = node->begin;
        while (slice < node->end && lattice->stat[slice].cell != cells[i]) slice++;
        if (slice == node->end) return NO_SLICE;
        id = lattice->stat[slice].child;
    }
    return slice;
}

bool fdml_slice_has(const slice_lattice *lattice, const uint32_t *cells, size_t n, size_t query)
{
    const slice_data *data = lattice->data;
    const uint16_t *own = data->cell + query * data->n_columns;
    for (size_t i = 0; i < n; i++) {
        size_t column = 0;
        while (data->first[column + 1] <= cells[i]) column++;
        if (own[column] != cells[i]) return false;
    }
    return true;
}
