/* tape_state.h - what the files of the tape share: values, rooms of memory, layers.
 *
 * Every value that is computed lies in blocks of sixteen channels, [N, C / 16, H, W, 16]; [N,
 * C] is a plane of one pixel. The net's input may be read plain, where a convolution does so. A
 * value, and each gradient by a value, has a room in one buffer for as long as it is needed:
 * from the layer that makes it to the last that reads it, forward layers being numbered 0 ..
 * n-1 and the same layers backward n .. 2n-1. Where a value is read by several layers, each
 * adds its gradient to the one before and makes a new room of it.
 *
 *   tape_build.c   nodes become layers; normalisation, addition and activation one layer
 *   tape_plan.c    which gradients there are, and where everything lies
 *   tape_param.c   weights: the graph's order to blocks and back
 *   tape_conv.c    convolution, and its gradient by x: again convolutions
 *   tape_pack.c    weights as these convolutions want them
 *   tape_outer.c   gradient by its weights
 *   tape_affine.c  normalisation, addition, activation
 *   tape_window.c  depthwise convolution, pooling
 *   tape_rows.c    global pooling, Concat, Gemm
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_TAPE_STATE_H
#define FDML_TRAIN_TAPE_STATE_H

#include "model/conv_state.h"
#include "model/place.h"
#include "train/tape.h"

#define TAPE_NONE UINT32_MAX

/* How a parameter's items lie; see tape_param.c. */
typedef enum tape_layout {
    TAPE_PLAIN,    /* as in the graph */
    TAPE_CHANNELS, /* [C], padded to blocks */
    TAPE_CONV,     /* [out block, in block, tap, 16 in, 16 out] */
    TAPE_PLANES,   /* [out block, channel, tap, 16 out] */
    TAPE_DEPTHWISE /* [block, tap, 16] */
} tape_layout;

typedef struct tape_param {
    const char *name; /* of the graph's constant */
    tape_layout layout;
    size_t n_items;           /* of the graph */
    size_t n_out, n_in, taps; /* CONV, PLANES, DEPTHWISE (n_in 1), CHANNELS (n_out) */
    size_t n;                 /* with padding */
    float *value, *grad;      /* grad NULL: a buffer, or frozen */
    bool is_buffer;           /* running statistics */
} tape_param;

typedef struct tape_room {
    fdml_piece piece;
    float *data;
} tape_room;

typedef struct tape_value {
    fdml_tensor tensor; /* type and shape; data: constant */
    uint32_t root; /* the value whose memory this one is: another where only the shape differs
                    */
    fdml_plane_shape shape;
    uint32_t maker, n_readers; /* node, nodes */
    /* of roots */
    bool is_computed, wants_grad;
    uint32_t room, grad; /* of the value; the newest of its gradient */
} tape_value;

typedef struct tape_layer tape_layer;
typedef void tape_step(fdml_tape *tape, const tape_layer *layer);
struct tape_layer {
    const fdml_node *node; /* the last of those it stands for */
    tape_step *forward, *backward;
    void *detail;
    uint32_t n_in;
    uint32_t *in;       /* [n_in] values, roots */
    uint32_t *gin;      /* [n_in] rooms of the gradients; TAPE_NONE: not wanted */
    uint32_t *gadd;     /* [n_in] rooms of what they add to; TAPE_NONE: nothing */
    uint32_t out;       /* value */
    uint32_t gout;      /* room; TAPE_NONE: nothing behind it has a gradient */
    bool has_params;    /* that are trained */
    bool reads_in_back; /* backward reads the first input */
    bool reads_out_back;
};

struct fdml_tape {
    const fdml_graph *graph;
    fdml_tape_options options;
    const fdml_kernels *kernels;
    int n_threads;
    fdml_arena arena, work; /* all that lasts; of Gemm's products */
    tape_value *value;      /* [graph->n_values] */
    tape_layer *layer;
    uint32_t n_layers, room_layers;
    tape_room *room;
    uint32_t n_rooms, room_rooms;
    tape_param **param;
    size_t n_params, room_params;
    unsigned char *buffer; /* of all rooms */
    size_t buffer_size;
    /* shared by layers, one after another */
    size_t scratch_size; /* bytes of a thread */
    unsigned char *scratch;
    size_t pack_size, temp_size; /* floats: of packed weights; of a phase (tape_conv.c) */
    float *pack, *temp;
    const float *x; /* of this pass: the input as given */
    float *y;       /* [N, columns], as given back */
    size_t batch, columns;
    uint32_t input, output; /* values */
    uint32_t gradient;      /* room: by the output, as the caller gives it */
    bool is_out_of_memory;  /* a product had no scratch in this pass */
};

/* --- tape.c ------------------------------------------------------------------------------ */
fdml_status fdml_tape_no_memory(const fdml_tape *tape, fdml_error *err);
static inline float *tape_data(const fdml_tape *tape, uint32_t value)
{
    return tape->room[tape->value[value].room].data;
}
static inline float *tape_room_data(const fdml_tape *tape, uint32_t room)
{
    return room == TAPE_NONE ? NULL : tape->room[room].data;
}
static inline size_t tape_floats(const fdml_plane_shape *shape)
{
    return shape->n * shape->n_blocks * shape->h * shape->w * FDML_BLOCK;
}
static inline size_t tape_plane(const fdml_plane_shape *shape)
{
    return shape->h * shape->w * FDML_BLOCK;
}
static inline void tape_want(size_t *have, size_t size)
{
    if (*have < size) *have = size;
}
/* images a task takes when `floats` of each are read: some tens of KiB */
size_t fdml_tape_images_of_task(size_t n_images, size_t floats);

/* y = a + b, [n]; y may be either. */
void fdml_tape_add(const fdml_tape *tape, float *y, const float *a, const float *b, size_t n);

/* --- tape_build.c ------------------------------------------------------------------------ */
fdml_status fdml_tape_build(fdml_tape *tape, const fdml_tensor *input, fdml_error *err);
/* A new layer at the end, its inputs copied; NULL: out of memory. */
tape_layer *fdml_tape_add_layer(fdml_tape *tape, const fdml_node *node, const uint32_t *in,
                                uint32_t n_in, uint32_t out);
/* A node as its operator sees it: the call's arrays are in tape->work. */
fdml_status fdml_tape_call(fdml_op_call *call, fdml_tape *tape, const fdml_node *node,
                           fdml_error *err);

/* --- tape_plan.c ------------------------------------------------------------------------- */
fdml_status fdml_tape_plan(fdml_tape *tape, fdml_error *err);
fdml_status fdml_tape_new_room(uint32_t *room, fdml_tape *tape, size_t n_floats,
                               fdml_error *err);

/* --- tape_param.c ------------------------------------------------------------------------ */
/* The constant as a parameter with this layout (n_out, n_in, taps set), copied.
 * FDML_E_UNSUPPORTED: another node has it already. */
fdml_status fdml_tape_param_new(tape_param **param, fdml_tape *tape, const fdml_node *node,
                                uint32_t value, const tape_param *like, fdml_error *err);
void fdml_tape_param_read(float *values, const tape_param *param);

/* --- layers: each takes a node and adds what it is --------------------------------------- */
typedef fdml_status tape_lower(fdml_tape *tape, const fdml_node *node, fdml_error *err);
tape_lower fdml_tape_lower_conv, fdml_tape_lower_pool, fdml_tape_lower_concat,
    fdml_tape_lower_gemm;
/* What tape_build.c found to be one: any of norm, add, act may be missing. */
typedef struct tape_affine_nodes {
    const fdml_node *norm, *add, *act, *last;
    uint32_t x, other; /* values */
} tape_affine_nodes;
fdml_status fdml_tape_lower_affine(fdml_tape *tape, const tape_affine_nodes *nodes,
                                   fdml_error *err);
fdml_status fdml_tape_lower_depthwise(fdml_tape *tape, const fdml_node *node,
                                      const fdml_conv *conv, fdml_error *err);

/* --- tape_pack.c ------------------------------------------------------------------------- */
/* Weights for d from the parameter into tape->pack. tap: [d's taps] which of the parameter's;
 * is_back: in and out change places. */
typedef struct tape_packing {
    fdml_conv_detail *d;
    const tape_param *weight;
    const uint32_t *tap;
    size_t n_taps;
    bool is_back;
} tape_packing;
size_t fdml_tape_pack_floats(const fdml_conv_detail *d, size_t n_taps);
void fdml_tape_pack(const fdml_tape *tape, const tape_packing *packing);

/* --- tape_outer.c ------------------------------------------------------------------------ */
typedef struct tape_outer tape_outer;
fdml_status fdml_tape_outer_new(tape_outer **outer, fdml_tape *tape,
                                const fdml_conv_detail *conv, tape_param *weight,
                                fdml_error *err);
/* x: as the convolution has it, gy: in blocks. Sets the weight's gradient. */
void fdml_tape_outer_run(const fdml_tape *tape, const tape_outer *outer, const float *x,
                         const float *gy);
/* bias's gradient: sums over all pixels. */
void fdml_tape_bias_run(const fdml_tape *tape, tape_param *bias, const fdml_plane_shape *shape,
                        const float *gy);

#endif
