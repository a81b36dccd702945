/* sampler.c - options of samplers, and rows put in order of what is drawn. See sampler.h.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "train/row_order.h"
#include "train/sampler_state.h"

enum { BATCH_MAX = 1 << 20 };

const fdml_sampler_options fdml_sampler_defaults = { .batch = 112, .per_class = 2 };

static const char *const kind_names[] = { "class", "class_balanced", "group_balanced",
                                          "random" };
static const char *const balance_names[] = { "majority", "values", "classes" };

fdml_status fdml_sampler_parse(fdml_sampler_kind *kind, const char *name, fdml_error *err)
{
    for (int i = 0; i < FDML_SAMPLER_COUNT; i++)
        if (!strcmp(name, kind_names[i])) return *kind = (fdml_sampler_kind)i, FDML_OK;
    return fdml_fail(err, FDML_E_ARG,
                     "'%.200s' is no sampler; known: class, class_balanced, group_balanced, "
                     "random",
                     name);
}

const char *fdml_sampler_name(fdml_sampler_kind kind)
{
    return kind_names[kind];
}

fdml_status fdml_balance_parse(fdml_balance *balance, const char *name, fdml_error *err)
{
    for (int i = 0; i < FDML_BALANCE_COUNT; i++)
        if (!strcmp(name, balance_names[i])) return *balance = (fdml_balance)i, FDML_OK;
    return fdml_fail(err, FDML_E_ARG,
                     "'%.200s' is no way to balance; known: majority, values, classes", name);
}

const char *fdml_balance_name(fdml_balance balance)
{
    return balance_names[balance];
}

static fdml_status check_data(const fdml_sampler_data *d, const fdml_sampler_options *o,
                              fdml_error *err)
{
    if (!d->n_rows || d->n_rows > UINT32_MAX)
        return fdml_fail(err, FDML_E_DATA, "%zu rows to sample, expected 1 to %u", d->n_rows,
                         UINT32_MAX);
    if (o->kind == FDML_SAMPLER_GROUP_BALANCED && !d->attribute)
        return fdml_fail(err, FDML_E_ARG, "sampler group_balanced needs an attribute");
    for (size_t i = 0; i < d->n_rows; i++)
        if (d->label[i] >= d->n_classes || (d->attribute && d->attribute[i] >= d->n_values))
            return fdml_fail(err, FDML_E_ARG, "row %zu: label or attribute is out of range", i);
    return FDML_OK;
}

static fdml_status check_options(const fdml_sampler_options *o, fdml_error *err)
{
    if (!o->batch || o->batch > BATCH_MAX)
        return fdml_fail(err, FDML_E_ARG, "batch is %zu rows, expected 1 to %d", o->batch,
                         BATCH_MAX);
    if (o->kind == FDML_SAMPLER_RANDOM) return FDML_OK;
    if (!o->per_class || o->batch % o->per_class)
        return fdml_fail(err, FDML_E_ARG, "batch is %zu rows, no multiple of %zu per class",
                         o->batch, o->per_class);
    return FDML_OK;
}

/* Scratch of the construction. */
typedef struct build {
    const fdml_sampler_data *data;
    uint32_t *key;      /* [n_rows] of the cell in its class; NULL: a class is one cell */
    uint32_t *previous; /* [n_rows] rows in order of that key */
    uint32_t *majority; /* [n_classes] most frequent value; 0 for classes without rows */
    size_t *first;      /* [max(n_classes, n_values, 2) + 1] */
    size_t n_keys;
} build;

/* s->order by class, and within a class by key. */
static void order_rows(fdml_sampler *s, const build *b)
{
    const fdml_row_keys by_class = { b->data->label, s->n_rows, b->data->n_classes };
    const fdml_row_keys by_key = { b->key, s->n_rows, b->n_keys };
    if (b->key) fdml_row_order(b->previous, b->first, NULL, &by_key);
    fdml_row_order(s->order, b->first, b->key ? b->previous : NULL, &by_class);
}

static bool begins_class(const fdml_sampler *s, const build *b, size_t i)
{
    return !i || b->data->label[s->order[i]] != b->data->label[s->order[i - 1]];
}

static bool begins_cell(const fdml_sampler *s, const build *b, size_t i)
{
    return begins_class(s, b, i) || (b->key && b->key[s->order[i]] != b->key[s->order[i - 1]]);
}

/* Needs rows in order of class and attribute: the longest run of a class, the first of equals.
 */
static void find_majorities(const fdml_sampler *s, const build *b)
{
    size_t longest = 0, begin = 0;
    for (size_t i = 0; i < s->n_rows; i++) {
        if (begins_class(s, b, i)) longest = 0;
        if (begins_cell(s, b, i)) begin = i;
        if (i + 1 - begin <= longest) continue;
        longest = i + 1 - begin;
        b->majority[b->data->label[s->order[i]]] = b->key[s->order[i]];
    }
}

/* What tells the cells of a class apart, from what was asked to be balanced. */
static void choose_key(fdml_sampler *s, build *b)
{
    if (s->options.kind != FDML_SAMPLER_GROUP_BALANCED) {
        b->key = NULL;
        return;
    }
    const fdml_sampler_data *d = b->data;
    memcpy(b->key, d->attribute, s->n_rows * sizeof *b->key);
    b->n_keys = d->n_values;
    order_rows(s, b);
    find_majorities(s, b);
    if (s->options.balance == FDML_BALANCE_CLASSES) b->key = NULL;
    if (s->options.balance != FDML_BALANCE_MAJORITY) return;
    for (size_t i = 0; i < s->n_rows; i++)
        b->key[i] = d->attribute[i] != b->majority[d->label[i]];
    b->n_keys = 2;
}

static fdml_status cut_cells(fdml_sampler *s, const build *b, fdml_arena *arena,
                             fdml_error *err)
{
    s->n_cells = s->counts.n_classes = 0;
    for (size_t i = 0; i < s->n_rows; i++) {
        s->n_cells += begins_cell(s, b, i);
        s->counts.n_classes += begins_class(s, b, i);
    }
    s->cell_first = fdml_arena_push(arena, s->n_cells + 1, sizeof *s->cell_first);
    s->class_cell = fdml_arena_push(arena, s->counts.n_classes + 1, sizeof *s->class_cell);
    if (!s->cell_first || !s->class_cell)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to sample from %zu classes",
                         s->counts.n_classes);
    size_t n_cells = 0, n_classes = 0;
    for (size_t i = 0; i < s->n_rows; i++) {
        if (begins_class(s, b, i)) s->class_cell[n_classes++] = n_cells;
        if (begins_cell(s, b, i)) s->cell_first[n_cells++] = i;
    }
    s->class_cell[n_classes] = n_cells;
    s->cell_first[n_cells] = s->n_rows;
    return FDML_OK;
}

static void count_classes(fdml_sampler *s)
{
    for (size_t c = 0; c < s->counts.n_classes; c++) {
        const size_t from = s->class_cell[c], to = s->class_cell[c + 1];
        const size_t n = s->cell_first[to] - s->cell_first[from];
        s->counts.n_single += n == 1;
        s->counts.n_small += n < s->options.per_class;
        s->counts.n_one_group += to - from == 1 &&
                                 s->options.kind == FDML_SAMPLER_GROUP_BALANCED &&
                                 s->options.balance != FDML_BALANCE_CLASSES;
    }
}

/* Groups of classes by majority, values without a class left out; else all in one group. */
static fdml_status group_classes(fdml_sampler *s, const build *b, fdml_arena *arena,
                                 fdml_error *err)
{
    const size_t n = s->counts.n_classes, n_values = b->data->n_values;
    const bool by_value = s->options.kind == FDML_SAMPLER_GROUP_BALANCED &&
                          s->options.balance == FDML_BALANCE_CLASSES;
    s->group_class = fdml_arena_push(arena, n, sizeof *s->group_class);
    s->group_first =
        fdml_arena_push(arena, (by_value ? n_values : 1) + 1, sizeof *s->group_first);
    if (!s->group_class || !s->group_first)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to sample from %zu classes", n);
    for (size_t c = 0; c < n; c++) /* one a class, in the place of one a row: n <= n_rows */
        b->previous[c] =
            by_value ? b->majority[b->data->label[s->order[s->cell_first[s->class_cell[c]]]]]
                     : 0;
    const fdml_row_keys keys = { b->previous, n, by_value ? n_values : 1 };
    fdml_row_order(s->group_class, s->group_first, NULL, &keys);
    s->n_groups = 0;
    for (size_t v = 0; v < keys.n_keys; v++)
        if (s->group_first[v + 1] > s->group_first[v])
            s->group_first[++s->n_groups] = s->group_first[v + 1];
    return FDML_OK;
}

static fdml_status check_distinct(const fdml_sampler *s, fdml_error *err)
{
    if (!s->options.distinct_classes) return FDML_OK;
    /* The most that fall to a group: one more where they do not divide. */
    const size_t most = (s->n_draws + s->n_groups - 1) / s->n_groups;
    for (size_t g = 0; g < s->n_groups; g++) {
        const size_t n = s->group_first[g + 1] - s->group_first[g];
        if (n < most)
            return fdml_fail(err, FDML_E_DATA,
                             "a batch takes %zu distinct classes%s, and there are %zu", most,
                             s->n_groups > 1 ? " of each attribute value" : "", n);
    }
    return FDML_OK;
}

static fdml_status build_sampler(fdml_sampler *s, build *b, fdml_arena *arena, fdml_error *err)
{
    choose_key(s, b);
    order_rows(s, b);
    FDML_TRY(cut_cells(s, b, arena, err));
    count_classes(s);
    FDML_TRY(group_classes(s, b, arena, err));
    return check_distinct(s, err);
}

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

fdml_status fdml_sampler_new(fdml_sampler **sampler, const fdml_sampler_data *data,
                             const fdml_sampler_options *options, fdml_arena *arena,
                             fdml_error *err)
{
    FDML_TRY(check_options(options, err));
    FDML_TRY(check_data(data, options, err));
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    const size_t n = data->n_rows;
    fdml_arena work;
    fdml_arena_init(&work, arena->limit);
    build b = { .data = data };
    b.key = fdml_arena_push(&work, n, sizeof *b.key);
    b.previous = fdml_arena_push(&work, n, sizeof *b.previous);
    b.majority = fdml_arena_push_zero(&work, data->n_classes, sizeof *b.majority);
    b.first = fdml_arena_push(&work, max_size(max_size(data->n_classes, data->n_values), 2) + 1,
                              sizeof *b.first);
    fdml_sampler *s = fdml_arena_push_zero(arena, 1, sizeof *s);
    uint32_t *order = fdml_arena_push(arena, n, sizeof *order);
    fdml_status status = FDML_OK;
    if (!b.key || !b.previous || !b.majority || !b.first || !s || !order) {
        status = fdml_fail(err, FDML_E_NOMEM, "no memory to sample from %zu rows", n);
    } else {
        s->options = *options;
        if (options->kind == FDML_SAMPLER_RANDOM) s->options.per_class = 1;
        s->n_rows = n, s->n_draws = options->batch / s->options.per_class, s->order = order;
        status = build_sampler(s, &b, arena, err);
    }
    fdml_arena_close(&work);
    if (status)
        fdml_arena_reset(arena, mark);
    else
        *sampler = s;
    return status;
}

const fdml_sampler_counts *fdml_sampler_count(const fdml_sampler *sampler)
{
    return &sampler->counts;
}

size_t fdml_sampler_epoch_steps(const fdml_sampler *s)
{
    return s->n_rows < s->options.batch ? 1 : s->n_rows / s->options.batch;
}
