/* plan_pair.c - a 1x1 convolution and the depthwise one behind it, in one step.
 *
 * The 1x1 of an inverted residual makes many channels, which only the depthwise convolution
 * reads. Some rows of some blocks of them are made in a thread's scratch, where they are read
 * while still in L2; the whole never exists. Rows that two tasks need are computed twice: a few
 * percent. Every pixel is the same sum as in two steps, so the bits are those of two steps.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "model/window_state.h"

enum {
    BAND_BYTES = 3 << 17, /* of what is between the two, with room in L2 for what goes around */
    MIN_BYTES = 1 << 16   /* of all of it, in an image: less is cheap to move */
};

typedef struct pair {
    const fdml_conv_detail *point;
    const fdml_window_detail *window;
    const fdml_node *next;         /* the depthwise convolution */
    size_t band, n_bands;          /* output rows of a task */
    size_t panel_blocks, n_panels; /* blocks of a task */
} pair;

/* Rows of the plane between that output rows first .. first + n - 1 need. */
typedef struct rows_between {
    size_t begin, end;
} rows_between;

static rows_between needed(const fdml_window_rows *w, size_t first, size_t n)
{
    const size_t top = first * w->stride_y;
    const size_t end = (first + n - 1) * w->stride_y + (w->kernel_y - 1) * w->dilation_y + 1;
    rows_between r = { .begin = top > w->pad_top ? top - w->pad_top : 0,
                       .end = end > w->pad_top ? end - w->pad_top : 0 };
    if (r.begin > w->height) r.begin = w->height;
    if (r.end > w->height) r.end = w->height;
    if (r.end < r.begin) r.end = r.begin;
    return r;
}

static void pair_task(void *ctx, size_t task, int thread)
{
    const pair *p = ctx;
    const fdml_conv_detail *c = p->point;
    const size_t panel = task % p->n_panels * p->panel_blocks;
    task /= p->n_panels;
    const size_t first = task % p->n_bands * p->band, image = task / p->n_bands;
    const size_t n =
        c->out.n_blocks - panel < p->panel_blocks ? c->out.n_blocks - panel : p->panel_blocks;
    fdml_window_rows window = p->window->kernel;
    window.n_rows = p->window->out.h - first < p->band ? p->window->out.h - first : p->band;
    const rows_between r = needed(&window, first, window.n_rows);
    const size_t row = c->in.w * FDML_BLOCK, plane = (r.end - r.begin) * row;
    float *between = fdml_conv_scratch(c, thread);
    fdml_conv_rows job = fdml_conv_job(c, panel);
    job.in = c->x + image * c->in.n_blocks * c->in.h * row + r.begin * row;
    job.n_rows = (r.end - r.begin) * c->in.w;
    job.n_out = n;
    job.out = between;
    job.out_stride = plane;
    job.weights = c->weights + panel * FDML_BLOCK * (c->in.n_blocks * FDML_BLOCK);
    c->kernels->conv_rows(&job);
    /* the window sees a plane that begins at row r.begin */
    window.height = r.end - r.begin;
    window.pad_top += r.begin - first * window.stride_y; /* not below 0: see needed() */
    const size_t out_row = p->window->out.w * FDML_BLOCK, out = p->window->out.h * out_row;
    for (size_t b = 0; b < n; b++) {
        fdml_window_rows one = window;
        one.in = between + b * plane;
        one.out = c->y + (image * c->out.n_blocks + panel + b) * out + first * out_row;
        fdml_window_take_block(&one, panel + b);
        p->window->run(&one);
    }
}

static fdml_status run_pair(fdml_plan *plan, fdml_plan_step *step, fdml_error *err)
{
    (void)err;
    pair p = *(const pair *)step->detail;
    fdml_conv_detail c = *p.point;
    c.x = fdml_slot_data(plan, step->in[0]);
    c.y = fdml_slot_data(plan, step->out[0]);
    c.scratch = plan->scratch;
    c.scratch_step = plan->scratch_size;
    p.point = &c;
    fdml_parallel(c.in.n * p.n_bands * p.n_panels, plan->n_threads, pair_task, &p);
    return FDML_OK;
}

/* A task is one panel wide; the threads get several each. */
static void cut(pair *p, fdml_plan *plan)
{
    const fdml_window_rows *w = &p->window->kernel;
    const size_t n_out = p->window->out.h;
    p->panel_blocks = plan->kernels->tile_cols / FDML_BLOCK;
    if (p->panel_blocks < 2) p->panel_blocks = 2;
    p->n_panels = (p->point->out.n_blocks + p->panel_blocks - 1) / p->panel_blocks;
    const size_t row = w->width * FDML_BLOCK * p->panel_blocks * sizeof(float);
    size_t band = BAND_BYTES / row / w->stride_y;
    if (band < 1) band = 1;
    p->n_bands = (n_out + band - 1) / band;
    p->band = (n_out + p->n_bands - 1) / p->n_bands;
    p->n_bands = (n_out + p->band - 1) / p->band;
    const size_t most = (p->band - 1) * w->stride_y + (w->kernel_y - 1) * w->dilation_y + 1;
    fdml_plan_want_scratch(plan, (most < w->height ? most : w->height) * row);
}

/* A 1x1 convolution that makes much. Cheap to ask, for most nodes are none. */
static fdml_status is_wide_point(bool *is_one, fdml_plan *plan, const fdml_node *node,
                                 fdml_error *err)
{
    fdml_conv c;
    FDML_TRY(fdml_plan_conv_shape(&c, plan, node, is_one, err));
    *is_one = *is_one && c.window.n == 2 && c.window.n_taps == 1 && c.groups == 1 &&
              c.window.stride[0] * c.window.stride[1] == 1 && c.window.out[0] > 1 &&
              c.filters * c.window.n_out * sizeof(float) >= MIN_BYTES;
    return FDML_OK;
}

/* Does every window begin inside of the plane? */
static bool is_inside(const fdml_window_detail *d)
{
    return (d->out.h - 1) * d->kernel.stride_y < d->in.h + d->kernel.pad_top;
}

static fdml_status make_pair(pair *p, fdml_conv_made *first, fdml_depthwise *second,
                             fdml_plan *plan, const fdml_node *node, fdml_error *err)
{
    fdml_fused fused;
    const size_t channels = plan->value[node->output[0]].tensor.dim[1];
    FDML_TRY(fdml_plan_fuse(&fused, plan, node, channels, FDML_FUSE_NO_ADD, err));
    const fdml_node *next = fdml_plan_only_reader(plan, fused.output);
    if (!next || next->n_inputs < 2 || next->input[0] != fused.output) return FDML_OK;
    FDML_TRY(fdml_depthwise_make(second, plan, next, err));
    if (!second->window || !is_inside(second->window)) return FDML_OK;
    FDML_TRY(fdml_conv_make(first, plan, node, FDML_FUSE_NO_ADD, err));
    fdml_conv_detail *d = first->detail;
    if (!d || d->way != FDML_CONV_POINT || d->n_groups != 1) return FDML_OK;
    if (!fdml_conv_point_offsets(d, &plan->arena)) return fdml_plan_no_memory(plan, err);
    *p = (pair){ .point = d, .window = second->window, .next = next };
    cut(p, plan);
    return FDML_OK;
}

fdml_status fdml_lower_pair(fdml_plan *plan, const fdml_node *node, bool *took, fdml_error *err)
{
    bool is_wide;
    if (plan->options.keep_all) return FDML_OK; /* who wants to see what is between */
    FDML_TRY(is_wide_point(&is_wide, plan, node, err));
    if (!is_wide) return FDML_OK;
    pair *p = fdml_plan_push(plan, 1, sizeof *p);
    if (!p) return fdml_plan_no_memory(plan, err);
    fdml_conv_made first;
    fdml_depthwise second;
    FDML_TRY(make_pair(p, &first, &second, plan, node, err));
    if (!p->point) return FDML_OK;
    char both[2 * sizeof first.fused.label];
    snprintf(both, sizeof both, "%s+%s", first.label, second.label);
    const char *label = fdml_arena_copy_text(&plan->arena, both, strlen(both));
    if (!label) return fdml_plan_no_memory(plan, err);
    fdml_plan_fuse_take(plan, &first.fused);
    plan->is_done[p->next - plan->graph->node] = true;
    fdml_plan_fuse_take(plan, &second.fused);
    *took = true;
    return fdml_plan_add_map(
        plan,
        (fdml_plan_step){ .run = run_pair,
                          .detail = p,
                          .label = label,
                          .algorithm = "1x1, depthwise",
                          .node = node,
                          .flops = first.flops + second.flops,
                          .n_parameters = first.n_parameters + second.n_parameters },
        node->input[0], second.fused.output, FDML_BLOCKS, err);
}
