/* plan_state.h - what the files of the plan share: slots of memory, and steps between them.
 *
 * A value of the graph may lie in memory in two layouts, as the network's files have it (plain,
 * row-major) or in blocks of sixteen channels, and each is a slot. A step reads slots and
 * writes slots; nothing else happens in a run. plan.c makes one, in this order:
 *
 *   plan_values.c   every value's type and shape; values that are constant are computed now
 *   plan_build.c    nodes become steps, in the graph's order: each lowering below either takes
 *                   the node, and those behind it that it can fuse, or leaves it to the next
 *     plan_fuse.c     what follows a node and can be done on its sums: scale, addition,
 * activation plan_conv.c     convolution: algorithm, weights, tasks (conv_rows.c
 * conv_winograd.c run it) plan_window.c   depthwise convolution and pooling plan_dense.c Gemm,
 * MatMul plan_map.c      arithmetic on blocks, item by item; global means plan_move.c changes
 * of layout, of shape only, and of place (Concat) plan_reference.c  any other node, by its
 * operator's run plan_memory.c   slots get their places in one buffer, reused when nobody reads
 * them any more
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_PLAN_STATE_H
#define FDML_MODEL_PLAN_STATE_H

#include "model/conv_state.h"
#include "model/op.h"
#include "model/plan.h"

#define FDML_NO_SLOT UINT32_MAX

typedef enum fdml_layout { FDML_PLAIN, FDML_BLOCKS, FDML_LAYOUTS } fdml_layout;

typedef struct fdml_plan_value {
    fdml_tensor tensor; /* data not NULL: constant */
    uint32_t n_uses;    /* by nodes that are not folded, and once more as an output */
    uint32_t slot[FDML_LAYOUTS];
} fdml_plan_value;

typedef struct fdml_slot {
    uint32_t value;
    fdml_layout layout;
    size_t size;        /* bytes */
    uint32_t root;      /* the slot whose memory this one shares; itself: its own */
    uint32_t made_by;   /* step; FDML_NO_SLOT: an input or a constant */
    uint32_t last_used; /* step, over all that share the root; held by the root */
    size_t offset;      /* in the buffer */
    void *data;         /* where it lies */
} fdml_slot;

/* What is done to a sum before it is stored: finish of kernels.h, and then perhaps a map. */
typedef struct fdml_fused {
    const float *scale, *shift; /* [channels] or NULL: BatchNormalization and its like */
    uint32_t add;               /* value, or FDML_NO_VALUE */
    const float *slope;         /* [channels] or NULL */
    float low, high;
    uint32_t output; /* value that the last of the fused nodes makes */
    char label[96];  /* "Conv+BatchNormalization+Relu" */
    uint32_t n_nodes;
    uint32_t node[8]; /* absorbed, in order; not the first */
} fdml_fused;

typedef struct fdml_plan_step fdml_plan_step;
typedef fdml_status (*fdml_step_fn)(fdml_plan *plan, fdml_plan_step *step, fdml_error *err);

struct fdml_plan_step {
    fdml_step_fn run;
    void *detail; /* the step's own, in the plan's arena */
    uint32_t n_in, n_out;
    const uint32_t *in, *out; /* slots; FDML_NO_SLOT: left out */
    const char *label, *algorithm;
    const fdml_node *node; /* the first */
    double flops;
    size_t n_parameters;
    bool mixes_images; /* or nobody knows that it does not */
    double seconds;    /* of the last run, where timing was asked for */
};

struct fdml_plan {
    const fdml_graph *graph;
    const fdml_kernels *kernels;
    fdml_plan_options options;
    int n_threads;
    fdml_arena arena; /* all of the plan, packed weights included */
    fdml_arena work;  /* of a running reference step */
    fdml_arena text;  /* of string outputs, until the next run */
    fdml_plan_value *value;
    bool *is_done; /* by node: folded, fused or lowered */
    fdml_slot *slot;
    uint32_t n_slots, room_slots;
    fdml_plan_step *step;
    uint32_t n_steps, room_steps;
    unsigned char *buffer;
    size_t buffer_size;
    size_t scratch_size; /* bytes of one thread */
    unsigned char *scratch;
    size_t weight_size;
    fdml_tensor *output; /* [graph->n_outputs] */
    bool is_timed;
    /* plan_lanes.c: plans of one image, a thread each; then this one has no steps of its own */
    fdml_plan **lane;
    int n_lanes;
};

/* --- plan_values.c --------------------------------------------------------------------- */
fdml_status fdml_plan_values(fdml_plan *plan, const fdml_tensor *input, fdml_error *err);
/* Is value v of float32 and [N, C, ...] with one or two spatial axes? Only those have blocks.
 */
bool fdml_plan_has_blocks(const fdml_plan *plan, uint32_t v);
/* [N, C, H, W] of such a value. */
fdml_plane_shape fdml_plan_planes(const fdml_tensor *tensor);

/* --- plan_build.c ---------------------------------------------------------------------- */
fdml_status fdml_plan_build(fdml_plan *plan, fdml_error *err);
/* The slot of a value, made by a change of layout where it exists only in the other one. */
fdml_status fdml_plan_read_slot(uint32_t *slot, fdml_plan *plan, uint32_t value,
                                fdml_layout layout, fdml_error *err);
bool fdml_plan_is_made(const fdml_plan *plan, uint32_t value); /* has it a slot or data? */
fdml_status fdml_plan_new_slot(uint32_t *slot, fdml_plan *plan, uint32_t value,
                               fdml_layout layout, fdml_error *err);
/* The step's slots are copied. Marks the memory of `in` as used up to here. */
fdml_status fdml_plan_add_step(fdml_plan *plan, const fdml_plan_step *step, fdml_error *err);
/* A step from value x to value y, both in this layout: sets its slots, new for y, and adds it.
 */
fdml_status fdml_plan_add_map(fdml_plan *plan, fdml_plan_step step, uint32_t x, uint32_t y,
                              fdml_layout layout, fdml_error *err);
void *fdml_plan_push(fdml_plan *plan, size_t count, size_t size); /* zeroed, of the arena */
fdml_status fdml_plan_no_memory(const fdml_plan *plan, fdml_error *err);
void fdml_plan_want_scratch(fdml_plan *plan, size_t size); /* bytes a thread needs */
static inline float *fdml_plan_scratch(const fdml_plan *plan, int thread)
{
    return (float *)(void *)(plan->scratch + (size_t)thread * plan->scratch_size);
}
static inline float *fdml_slot_data(const fdml_plan *plan, uint32_t slot)
{
    return slot == FDML_NO_SLOT ? NULL : plan->slot[slot].data;
}

/* --- plan_fuse.c ----------------------------------------------------------------------- */
typedef enum fdml_fuse_what {
    FDML_FUSE_ALL,
    FDML_FUSE_NO_ADD,
    FDML_FUSE_ACTIVATION,
    FDML_FUSE_NOTHING
} fdml_fuse_what;
/* What can be fused behind output 0 of `node`, which has as many channels. */
fdml_status fdml_plan_fuse(fdml_fused *fused, fdml_plan *plan, const fdml_node *node,
                           size_t channels, fdml_fuse_what what, fdml_error *err);
/* The same for a chain that starts with `node` itself, reading value x. *is_one: it does. */
fdml_status fdml_plan_fuse_alone(fdml_fused *fused, fdml_plan *plan, const fdml_node *node,
                                 uint32_t x, bool *is_one, fdml_error *err);
void fdml_plan_fuse_take(fdml_plan *plan, const fdml_fused *fused); /* marks nodes as done */
/* The only node that reads value v and is not done yet; NULL: none, or others do, too. */
const fdml_node *fdml_plan_only_reader(const fdml_plan *plan, uint32_t v);
/* [ceil(n / 16) * 16] floats from n, the rest `fill`; NULL for NULL and without memory. */
const float *fdml_plan_pad_channels(fdml_plan *plan, const float *x, size_t n, float fill);

/* --- plan_conv.c ----------------------------------------------------------------------- */
/* *is_conv: a Conv of float32 with one or two spatial axes, constant weights and bias, whose
 * input may come in blocks. Then *conv is set. */
fdml_status fdml_plan_conv_shape(fdml_conv *conv, fdml_plan *plan, const fdml_node *node,
                                 bool *is_conv, fdml_error *err);
/* The step's convolution, with the data of this run. */
fdml_conv_detail fdml_plan_conv_bind(const fdml_plan *plan, const fdml_plan_step *step);
/* A convolution, and what it is fused with; its tasks are not yet cut. */
typedef struct fdml_conv_made {
    fdml_conv_detail *detail; /* NULL: the node is something else */
    fdml_fused fused;
    const char *label;
    double flops;
    size_t n_parameters;
} fdml_conv_made;
fdml_status fdml_conv_make(fdml_conv_made *made, fdml_plan *plan, const fdml_node *node,
                           fdml_fuse_what what, fdml_error *err);
/* bias * scale + shift, padded to whole blocks; NULL where there is neither. `value` is the
 * bias, a constant, or FDML_NO_VALUE; of a convolution it is input 2. */
fdml_status fdml_plan_fused_bias(const float **bias, fdml_plan *plan, uint32_t value,
                                 const fdml_fused *fused, size_t channels, fdml_error *err);
fdml_status fdml_plan_conv_bias(const float **bias, fdml_plan *plan, const fdml_node *node,
                                const fdml_fused *fused, size_t channels, fdml_error *err);

/* --- lowerings: *took says whether the node is now a step --------------------------------- */
typedef fdml_status fdml_lower_fn(fdml_plan *plan, const fdml_node *node, bool *took,
                                  fdml_error *err);
fdml_lower_fn fdml_lower_conv, fdml_lower_depthwise, fdml_lower_pool, fdml_lower_dense,
    fdml_lower_affine, fdml_lower_map, fdml_lower_mean, fdml_lower_alias, fdml_lower_concat,
    fdml_lower_reference, fdml_lower_pair;
fdml_status fdml_lower_layout(fdml_plan *plan, uint32_t from, uint32_t to, fdml_error *err);

/* --- plan_memory.c --------------------------------------------------------------------- */
fdml_status fdml_plan_place(fdml_plan *plan, fdml_error *err);    /* and allocates */
fdml_status fdml_plan_allocate(fdml_plan *plan, fdml_error *err); /* what was placed */

/* --- plan.c: a run of inputs that fit, up to the slots of the outputs; adds to `seconds` ---
 */
fdml_status fdml_plan_run_steps(fdml_plan *plan, const fdml_tensor *input, fdml_error *err);

/* --- plan_lanes.c ---------------------------------------------------------------------- */
/* Makes plan->lane where images can run one by one and are better off so. */
fdml_status fdml_plan_lanes(fdml_plan *plan, const fdml_tensor *input, fdml_error *err);
/* Inputs as checked; writes plan->output's data. */
fdml_status fdml_plan_run_lanes(fdml_plan *plan, const fdml_tensor *input, fdml_error *err);

#endif
