/* tape_conv.c - convolution, and its gradient by what it reads.
 *
 * The gradient by x is a convolution of the gradient by y: at stride 1 with the window turned
 * round and channels changing places. At stride s, rows y of x with the same y mod s see the
 * same taps, so each of the s * s phases is a convolution of stride 1 with its share of the
 * taps; its rows and columns are then put between those of the others. All run as convolutions
 * do (model/conv_state.h), with all their algorithms.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "train/tape_state.h"

/* Rows and columns of x that begin at (y, x) and are a stride apart. */
typedef struct phase {
    fdml_conv_detail conv;
    uint32_t *tap;
    size_t n_taps, y, x;
} phase;

typedef struct conv_layer {
    fdml_conv_detail forward;
    tape_param *weight, *bias;
    tape_outer *outer;
    phase *phase;
    size_t n_phases;
    bool is_plain; /* x is the net's input, as given */
} conv_layer;

static void run(const fdml_tape *tape, fdml_conv_detail *d, const float *x, const float *add,
                float *y)
{
    d->x = x;
    d->add = add;
    d->y = y;
    d->scratch = tape->scratch;
    d->scratch_step = tape->scratch_size;
    fdml_conv_run(d);
}

static const float *input_of(const fdml_tape *tape, const tape_layer *layer)
{
    const conv_layer *c = layer->detail;
    return c->is_plain ? tape->x : tape_data(tape, layer->in[0]);
}

static void conv_forward(fdml_tape *tape, const tape_layer *layer)
{
    conv_layer *c = layer->detail;
    fdml_tape_pack(
        tape,
        &(tape_packing){ .d = &c->forward, .weight = c->weight, .n_taps = c->weight->taps });
    c->forward.bias = c->bias ? c->bias->value : NULL;
    run(tape, &c->forward, input_of(tape, layer), NULL, tape_data(tape, layer->out));
}

/* --- back to x --------------------------------------------------------------------------- */

typedef struct spread {
    const phase *p;
    const float *from, *add; /* NULL: zeros, nothing */
    float *to;
    const fdml_plane_shape *shape; /* of x */
    size_t stride_y, stride_x;
} spread;

/* One pixel: what comes, and what was there. */
static void put_pixel(float *to, const float *from, const float *add)
{
    if (!add && from)
        memcpy(to, from, FDML_BLOCK * sizeof *to);
    else if (!from && add)
        memcpy(to, add, FDML_BLOCK * sizeof *to);
    else if (!from)
        memset(to, 0, FDML_BLOCK * sizeof *to);
    else
        for (size_t l = 0; l < FDML_BLOCK; l++) to[l] = from[l] + add[l];
}

/* A plane of the phase to its places in x. */
static void spread_task(void *ctx, size_t plane, int thread)
{
    (void)thread;
    const spread *s = ctx;
    const size_t rows = s->p->conv.out.h, cols = s->p->conv.out.w;
    const size_t step = s->stride_x * FDML_BLOCK;
    const float *from = s->from ? s->from + plane * rows * cols * FDML_BLOCK : NULL;
    for (size_t r = 0; r < rows; r++) {
        const size_t y = s->p->y + r * s->stride_y;
        const size_t at =
            plane * tape_plane(s->shape) + (y * s->shape->w + s->p->x) * FDML_BLOCK;
        for (size_t c = 0; c < cols; c++) {
            put_pixel(s->to + at + c * step, from, s->add ? s->add + at + c * step : NULL);
            if (from) from += FDML_BLOCK;
        }
    }
}

static void conv_back_to_x(fdml_tape *tape, const tape_layer *layer)
{
    conv_layer *c = layer->detail;
    const float *gy = tape_room_data(tape, layer->gout);
    const float *add = tape_room_data(tape, layer->gadd[0]);
    float *gx = tape_room_data(tape, layer->gin[0]);
    for (size_t i = 0; i < c->n_phases; i++) {
        phase *p = &c->phase[i];
        if (p->n_taps)
            fdml_tape_pack(tape,
                           &(tape_packing){ &p->conv, c->weight, p->tap, p->n_taps, true });
        if (c->n_phases == 1) {
            run(tape, &p->conv, gy, add, gx);
            return;
        }
        if (p->n_taps) run(tape, &p->conv, gy, NULL, tape->temp);
        spread s = { .p = p,
                     .from = p->n_taps ? tape->temp : NULL,
                     .add = add,
                     .to = gx,
                     .shape = &c->forward.in,
                     .stride_y = c->forward.stride_y,
                     .stride_x = c->forward.stride_x };
        fdml_parallel(s.shape->n * s.shape->n_blocks, tape->n_threads, spread_task, &s);
    }
}

static void conv_backward(fdml_tape *tape, const tape_layer *layer)
{
    const conv_layer *c = layer->detail;
    const float *gy = tape_room_data(tape, layer->gout);
    if (c->weight->grad) fdml_tape_outer_run(tape, c->outer, input_of(tape, layer), gy);
    if (c->bias && c->bias->grad) fdml_tape_bias_run(tape, c->bias, &c->forward.out, gy);
    if (layer->gin[0] != TAPE_NONE) conv_back_to_x(tape, layer);
}

/* --- planning ---------------------------------------------------------------------------- */

static fdml_status prepare(fdml_conv_detail *d, fdml_tape *tape, size_t n_taps, fdml_error *err)
{
    const size_t in = d->way == FDML_CONV_PLANES ? 1 : FDML_BLOCK;
    d->group_weights = d->group_out * FDML_BLOCK * d->group_in * in * n_taps;
    if (!fdml_conv_cut(d, &tape->arena)) return fdml_tape_no_memory(tape, err);
    tape_want(&tape->scratch_size, d->scratch_size);
    tape_want(&tape->pack_size, fdml_tape_pack_floats(d, n_taps));
    return FDML_OK;
}

static fdml_conv_detail describe(const fdml_tape *tape, const fdml_plane_shape *in,
                                 const fdml_plane_shape *out)
{
    return (fdml_conv_detail){ .in = *in,
                               .out = *out,
                               .stride_y = 1,
                               .stride_x = 1,
                               .dilation_y = 1,
                               .dilation_x = 1,
                               .n_groups = 1,
                               .group_in = in->n_blocks,
                               .group_out = out->n_blocks,
                               .low = -INFINITY,
                               .high = INFINITY,
                               .kernels = tape->kernels,
                               .n_threads = tape->n_threads };
}

/* Along one axis: the taps that row `at` of every `stride` sees, last first, and the padding
 * with which they do. */
typedef struct axis_taps {
    size_t first, n, step; /* tap first, first - step, ... */
    size_t pad;            /* wraps where the window begins inside */
} axis_taps;

static axis_taps taps_of(size_t at, size_t kernel, size_t stride, size_t dilation, size_t pad)
{
    if (stride == 1) return (axis_taps){ kernel - 1, kernel, 1, (kernel - 1) * dilation - pad };
    axis_taps t = { .step = stride };
    for (size_t k = 0; k < kernel; k++)
        if ((at + pad + stride * kernel - k) % stride == 0) t.first = k, t.n++;
    /* tap k of row `at` is output (at + pad - k) / stride, exactly */
    const ptrdiff_t offset = ((ptrdiff_t)(at + pad) - (ptrdiff_t)t.first) / (ptrdiff_t)stride;
    t.pad = (size_t)-offset;
    return t;
}

static fdml_status make_phase(phase *p, fdml_tape *tape, const fdml_conv_detail *f, size_t at,
                              fdml_error *err)
{
    p->y = at / f->stride_x;
    p->x = at % f->stride_x;
    const axis_taps y = taps_of(p->y, f->kernel_y, f->stride_y, f->dilation_y, f->pad_top);
    const axis_taps x = taps_of(p->x, f->kernel_x, f->stride_x, f->dilation_x, f->pad_left);
    fdml_plane_shape shape = f->in;
    shape.h = p->y < f->in.h ? (f->in.h - p->y - 1) / f->stride_y + 1 : 0;
    shape.w = p->x < f->in.w ? (f->in.w - p->x - 1) / f->stride_x + 1 : 0;
    p->conv = describe(tape, &f->out, &shape);
    p->n_taps = y.n * x.n;
    if (!p->n_taps || !shape.h || !shape.w) return FDML_OK;
    p->tap = fdml_arena_push(&tape->arena, p->n_taps, sizeof *p->tap);
    if (!p->tap) return fdml_tape_no_memory(tape, err);
    for (size_t i = 0; i < y.n; i++)
        for (size_t j = 0; j < x.n; j++)
            p->tap[i * x.n + j] =
                (uint32_t)((y.first - i * y.step) * f->kernel_x + x.first - j * x.step);
    p->conv.kernel_y = y.n;
    p->conv.kernel_x = x.n;
    p->conv.dilation_y = f->stride_y == 1 ? f->dilation_y : 1;
    p->conv.dilation_x = f->stride_x == 1 ? f->dilation_x : 1;
    p->conv.pad_top = y.pad;
    p->conv.pad_left = x.pad;
    fdml_conv_choose_trained(&p->conv, false);
    return prepare(&p->conv, tape, p->n_taps, err);
}

static fdml_status make_phases(conv_layer *c, fdml_tape *tape, fdml_error *err)
{
    const fdml_conv_detail *f = &c->forward;
    c->n_phases = f->stride_y * f->stride_x;
    c->phase = fdml_arena_push_zero(&tape->arena, c->n_phases, sizeof *c->phase);
    if (!c->phase) return fdml_tape_no_memory(tape, err);
    for (size_t i = 0; i < c->n_phases; i++) {
        FDML_TRY(make_phase(&c->phase[i], tape, f, i, err));
        if (c->n_phases > 1) tape_want(&tape->temp_size, tape_floats(&c->phase[i].conv.out));
    }
    return FDML_OK;
}

static void set_window(fdml_conv_detail *d, const fdml_window *w)
{
    d->kernel_y = w->kernel[0];
    d->kernel_x = w->kernel[1];
    d->stride_y = w->stride[0];
    d->stride_x = w->stride[1];
    d->dilation_y = w->dilation[0];
    d->dilation_x = w->dilation[1];
    d->pad_top = (size_t)w->pad_begin[0];
    d->pad_left = (size_t)w->pad_begin[1];
}

static fdml_status check(const fdml_tape *tape, const fdml_node *node, const fdml_conv *conv,
                         fdml_error *err)
{
    const fdml_window *w = &conv->window;
    if (w->n != 2)
        return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                              "%d spatial axes cannot be trained, only 2", w->n);
    if (conv->groups > 1 && (conv->groups != conv->channels || conv->filters != conv->channels))
        return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                              "%zu groups of %zu channels cannot be trained, only 1 or as many "
                              "as there are channels",
                              conv->groups, conv->channels);
    for (int i = 0; i < 2; i++)
        if (w->stride[i] > 1 && w->dilation[i] > 1)
            return fdml_node_fail(err, FDML_E_UNSUPPORTED, tape->graph, node,
                                  "stride %zu with dilation %zu cannot be trained",
                                  w->stride[i], w->dilation[i]);
    return FDML_OK;
}

/* Input 2 of a node, its bias, as a parameter. */
static fdml_status take_bias(tape_param **bias, fdml_tape *tape, const fdml_node *node,
                             size_t n_out, fdml_error *err)
{
    if (node->n_inputs < 3 || node->input[2] == FDML_NO_VALUE) return FDML_OK;
    return fdml_tape_param_new(bias, tape, node, node->input[2],
                               &(tape_param){ .layout = TAPE_CHANNELS, .n_out = n_out }, err);
}

fdml_status fdml_tape_lower_conv(fdml_tape *tape, const fdml_node *node, fdml_error *err)
{
    fdml_op_call call;
    fdml_conv conv;
    FDML_TRY(fdml_tape_call(&call, tape, node, err));
    FDML_TRY(fdml_conv_shape(&conv, &call, false, err));
    FDML_TRY(check(tape, node, &conv, err));
    if (conv.groups > 1) return fdml_tape_lower_depthwise(tape, node, &conv, err);
    conv_layer *c = fdml_arena_push_zero(&tape->arena, 1, sizeof *c);
    const uint32_t x = tape->value[node->input[0]].root;
    tape_layer *layer = fdml_tape_add_layer(tape, node, &x, 1, node->output[0]);
    if (!c || !layer) return fdml_tape_no_memory(tape, err);
    c->forward = describe(tape, &tape->value[x].shape, &tape->value[node->output[0]].shape);
    set_window(&c->forward, &conv.window);
    c->is_plain = tape->value[x].room == TAPE_NONE && tape->value[x].maker == TAPE_NONE &&
                  conv.channels < FDML_BLOCK;
    fdml_conv_choose_trained(&c->forward, c->is_plain);
    const bool is_planes = c->forward.way == FDML_CONV_PLANES;
    const tape_param like = { .layout = is_planes ? TAPE_PLANES : TAPE_CONV,
                              .n_out = conv.filters,
                              .n_in = conv.channels,
                              .taps = conv.window.n_taps };
    FDML_TRY(fdml_tape_param_new(&c->weight, tape, node, node->input[1], &like, err));
    FDML_TRY(take_bias(&c->bias, tape, node, conv.filters, err));
    FDML_TRY(prepare(&c->forward, tape, like.taps, err));
    FDML_TRY(fdml_tape_outer_new(&c->outer, tape, &c->forward, c->weight, err));
    if (!is_planes) FDML_TRY(make_phases(c, tape, err));
    layer->detail = c;
    layer->forward = conv_forward;
    layer->backward = conv_backward;
    layer->has_params = c->weight->grad || (c->bias && c->bias->grad);
    layer->reads_in_back = c->weight->grad && !is_planes;
    return FDML_OK;
}
