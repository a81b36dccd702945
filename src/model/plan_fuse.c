/* plan_fuse.c - what follows a node and can be done on its results while they are in registers.
 *
 * The chain behind a convolution is followed as long as each value has one reader:
 *
 *   BatchNormalization, Add Sub Mul of a constant per channel   scale and shift
 *   Add of a value of the same shape that exists by then        add
 *   Relu, Clip, LeakyRelu, PRelu per channel                    slope, low, high; ends the
 * chain
 *
 * in this order: nothing is scaled once something was added. Of the two convolutions that meet
 * in an addition, the one that comes later in the graph takes it.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/plan_state.h"

typedef struct chain {
    fdml_plan *plan;
    fdml_fused *fused;
    size_t channels;
    uint32_t at; /* value the chain has reached */
    fdml_fuse_what what;
    bool has_added, has_ended;
    double *scale, *shift; /* [channels], once something asked for them */
} chain;

/* Item c of a constant that has one value for each channel of [N, C, ...] or one for all. */
static bool per_channel(const fdml_plan *plan, uint32_t v, const chain *c, const float **items,
                        size_t *step)
{
    const fdml_tensor *t = v == FDML_NO_VALUE ? NULL : &plan->value[v].tensor;
    if (!t || !t->data || t->type != FDML_TYPE_F32 || (uintptr_t)t->data % sizeof(float))
        return false;
    *items = t->data;
    *step = 0;
    if (t->n_items == 1) return t->rank <= plan->value[c->at].tensor.rank;
    const int rank = plan->value[c->at].tensor.rank, axis = t->rank - (rank - 1);
    if (t->n_items != c->channels || axis < 0 || t->dim[axis] != c->channels) return false;
    *step = 1;
    return true;
}

/* y = y * s + t for every channel. */
static bool want_scale(chain *c)
{
    if (c->scale) return true;
    c->scale = fdml_plan_push(c->plan, c->channels, sizeof *c->scale);
    c->shift = fdml_plan_push(c->plan, c->channels, sizeof *c->shift);
    if (!c->scale || !c->shift) return false;
    for (size_t i = 0; i < c->channels; i++) c->scale[i] = 1;
    return true;
}

static const float *channels_of(const fdml_plan *plan, const fdml_node *node, size_t i,
                                size_t channels)
{
    const fdml_tensor *t = &plan->value[node->input[i]].tensor;
    return t->type == FDML_TYPE_F32 && t->data && t->n_items == channels &&
                   (uintptr_t)t->data % sizeof(float) == 0
               ? t->data
               : NULL;
}

static bool absorb_batch_norm(chain *c, const fdml_node *node)
{
    if (c->has_added || node->input[0] != c->at || node->n_inputs != 5) return false;
    if (c->what == FDML_FUSE_ACTIVATION) return false;
    if (fdml_node_int(node, "training_mode", 0) || !fdml_node_int(node, "spatial", 1) ||
        (node->opset < 7 && !fdml_node_int(node, "is_test", 0)))
        return false;
    for (uint32_t i = 1; i < node->n_outputs; i++)
        if (node->output[i] != FDML_NO_VALUE && c->plan->value[node->output[i]].n_uses)
            return false;
    const float *p[4];
    for (size_t i = 0; i < 4; i++)
        if (!(p[i] = channels_of(c->plan, node, i + 1, c->channels))) return false;
    if (!want_scale(c)) return false;
    const double epsilon = (double)fdml_node_float(node, "epsilon", 1e-5f);
    for (size_t i = 0; i < c->channels; i++) {
        const double s = (double)p[0][i] / sqrt((double)p[3][i] + epsilon);
        c->scale[i] *= s;
        c->shift[i] = (c->shift[i] - (double)p[2][i]) * s + (double)p[1][i];
    }
    return true;
}

/* Add, Sub or Mul with a constant. */
static bool absorb_constant(chain *c, const fdml_node *node, char op)
{
    const bool is_first = node->input[0] == c->at;
    const float *items;
    size_t step;
    if (c->has_added || node->opset < 7 || (op == '-' && !is_first)) return false;
    if (c->what == FDML_FUSE_ACTIVATION) return false;
    if (!per_channel(c->plan, node->input[is_first ? 1 : 0], c, &items, &step)) return false;
    if (!want_scale(c)) return false;
    for (size_t i = 0; i < c->channels; i++) {
        const double x = (double)items[i * step];
        if (op == '*') c->scale[i] *= x, c->shift[i] *= x;
        if (op == '+') c->shift[i] += x;
        if (op == '-') c->shift[i] -= x;
    }
    return true;
}

static bool absorb_add(chain *c, const fdml_node *node)
{
    if (node->n_inputs != 2 || c->has_added || c->what != FDML_FUSE_ALL) return false;
    const uint32_t other = node->input[node->input[0] == c->at ? 1 : 0];
    if (other == c->at || other == FDML_NO_VALUE) return false;
    const fdml_tensor *t = &c->plan->value[other].tensor;
    if (t->data || t->type != FDML_TYPE_F32 || !fdml_plan_is_made(c->plan, other) ||
        !fdml_tensor_same_shape(t, &c->plan->value[c->at].tensor))
        return false;
    c->fused->add = other;
    c->has_added = true;
    return true;
}

static bool scalar_or(const chain *c, const fdml_node *node, uint32_t i, float *value)
{
    if (i >= node->n_inputs || node->input[i] == FDML_NO_VALUE) return true;
    const fdml_tensor *t = &c->plan->value[node->input[i]].tensor;
    if (!t->data || t->type != FDML_TYPE_F32 || t->n_items != 1) return false;
    memcpy(value, t->data, sizeof *value);
    return true;
}

static bool absorb_clip(chain *c, const fdml_node *node)
{
    float low = fdml_node_float(node, "min", -INFINITY);
    float high = fdml_node_float(node, "max", INFINITY);
    if (!scalar_or(c, node, 1, &low) || !scalar_or(c, node, 2, &high)) return false;
    if (!(low <= high)) return false;
    c->fused->low = low;
    c->fused->high = high;
    return true;
}

static bool absorb_slope(chain *c, const fdml_node *node, bool is_leaky)
{
    const float *items = NULL;
    size_t step = 0;
    const float alpha = fdml_node_float(node, "alpha", 0.01f);
    if (is_leaky)
        items = &alpha;
    else if (node->opset < 7 || node->input[0] != c->at ||
             !per_channel(c->plan, node->input[1], c, &items, &step))
        return false;
    float *slope = fdml_plan_push(c->plan, c->channels, sizeof *slope);
    if (!slope) return false;
    for (size_t i = 0; i < c->channels; i++) slope[i] = items[i * step];
    c->fused->slope = slope;
    return true;
}

static bool absorb(chain *c, const fdml_node *node)
{
    const char *op = node->op->name;
    if (c->plan->value[node->output[0]].tensor.type != FDML_TYPE_F32 || c->has_ended ||
        c->what == FDML_FUSE_NOTHING ||
        !fdml_tensor_same_shape(&c->plan->value[node->output[0]].tensor,
                                &c->plan->value[c->at].tensor))
        return false;
    if (!strcmp(op, "BatchNormalization")) return absorb_batch_norm(c, node);
    if (!strcmp(op, "Mul")) return absorb_constant(c, node, '*');
    if (!strcmp(op, "Sub")) return absorb_constant(c, node, '-');
    if (!strcmp(op, "Add")) return absorb_constant(c, node, '+') || absorb_add(c, node);
    if (!strcmp(op, "Sum")) return absorb_add(c, node);
    bool is_end = false;
    if (!strcmp(op, "Relu")) {
        c->fused->low = 0;
        is_end = true;
    } else if (!strcmp(op, "Clip")) {
        is_end = absorb_clip(c, node);
    } else if (!strcmp(op, "LeakyRelu")) {
        is_end = absorb_slope(c, node, true);
    } else if (!strcmp(op, "PRelu")) {
        is_end = absorb_slope(c, node, false);
    }
    c->has_ended = is_end;
    return is_end;
}

const fdml_node *fdml_plan_only_reader(const fdml_plan *plan, uint32_t v)
{
    const fdml_graph *graph = plan->graph;
    if (plan->value[v].n_uses != 1) return NULL;
    for (size_t n = 0; n < graph->n_nodes; n++) {
        if (plan->is_done[n]) continue;
        for (uint32_t i = 0; i < graph->node[n].n_inputs; i++)
            if (graph->node[n].input[i] == v) return &graph->node[n];
    }
    return NULL; /* the graph's output */
}

static void append_label(fdml_fused *fused, const char *name)
{
    const size_t used = strlen(fused->label);
    snprintf(fused->label + used, sizeof fused->label - used, "%s%s", used ? "+" : "", name);
}

static fdml_status follow(chain *c, fdml_error *err)
{
    fdml_fused *fused = c->fused;
    while (!c->has_ended && fused->n_nodes < sizeof fused->node / sizeof *fused->node) {
        const fdml_node *next = fdml_plan_only_reader(c->plan, c->at);
        if (!next || next->output[0] == FDML_NO_VALUE || !absorb(c, next)) break;
        fused->node[fused->n_nodes++] = (uint32_t)(next - c->plan->graph->node);
        append_label(fused, next->op->name);
        c->at = next->output[0];
    }
    fused->output = c->at;
    if (!c->scale) return FDML_OK;
    float *scale = fdml_plan_push(c->plan, c->channels, sizeof *scale);
    float *shift = fdml_plan_push(c->plan, c->channels, sizeof *shift);
    if (!scale || !shift) return fdml_plan_no_memory(c->plan, err);
    for (size_t i = 0; i < c->channels; i++) {
        scale[i] = (float)c->scale[i];
        shift[i] = (float)c->shift[i];
    }
    fused->scale = scale;
    fused->shift = shift;
    return FDML_OK;
}

static void clear(fdml_fused *fused)
{
    *fused = (fdml_fused){ .add = FDML_NO_VALUE, .low = -INFINITY, .high = INFINITY };
}

fdml_status fdml_plan_fuse(fdml_fused *fused, fdml_plan *plan, const fdml_node *node,
                           size_t channels, fdml_fuse_what what, fdml_error *err)
{
    clear(fused);
    append_label(fused, node->op->name);
    chain c = {
        .plan = plan, .fused = fused, .channels = channels, .at = node->output[0], .what = what
    };
    return follow(&c, err);
}

fdml_status fdml_plan_fuse_alone(fdml_fused *fused, fdml_plan *plan, const fdml_node *node,
                                 uint32_t x, bool *is_one, fdml_error *err)
{
    clear(fused);
    chain c = {
        .plan = plan, .fused = fused, .channels = plan->value[x].tensor.dim[1], .at = x
    };
    *is_one = node->output[0] != FDML_NO_VALUE && absorb(&c, node);
    if (!*is_one) return FDML_OK;
    append_label(fused, node->op->name);
    c.at = node->output[0];
    return follow(&c, err);
}

void fdml_plan_fuse_take(fdml_plan *plan, const fdml_fused *fused)
{
    for (uint32_t i = 0; i < fused->n_nodes; i++) plan->is_done[fused->node[i]] = true;
}

const float *fdml_plan_pad_channels(fdml_plan *plan, const float *x, size_t n, float fill)
{
    const size_t padded = (n + FDML_BLOCK - 1) / FDML_BLOCK * FDML_BLOCK;
    float *y = x ? fdml_plan_push(plan, padded, sizeof *y) : NULL;
    if (!y) return NULL;
    for (size_t i = 0; i < padded; i++) y[i] = i < n ? x[i] : fill;
    return y;
}
