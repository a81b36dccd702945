/* embed.h - from a model and pictures to rows of numbers: what fdml-embed and fdml-eval share.
 *
 *   embed_images   which pictures, or an array of inputs
 *   embed_net      the network, and which of its values is the embedding
 *   embed_recipe   what happens to a picture before the network sees it
 *   embed_run      decodes a chunk of pictures on all threads, runs the network on it batch by
 *                  batch, hands the rows out in order
 *
 * Functions that find a mistake of the user end the program as those of cli.h do.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EMBED_H
#define FDML_TOOLS_EMBED_H

#include "base/hash.h"
#include "base/json.h"
#include "cli.h"
#include "data/npy.h"
#include "data/pictures.h"
#include "data/preprocess.h"
#include "model/model.h"
#include "model/plan.h"

enum { EMBED_UNSET = -1 }; /* a choice that was not made */
typedef enum embed_preset { EMBED_NONE, EMBED_IMAGENET, EMBED_LFW, EMBED_MNIST } embed_preset;
typedef enum embed_channels { EMBED_RGB, EMBED_BGR, EMBED_GREY } embed_channels;

typedef struct embed_settings {
    const char *model, *value;
    bool normalize, skip_bad;
    uint64_t batch; /* 0: not given */
    int preset;     /* embed_preset */
    const char *resize, *crop, *size, *scale;
    int channels; /* embed_channels */
    fdml_reals mean, std;
    const char *path_column;
    int label_from; /* 1: folder */
    size_t max_file;
    uint64_t max_pixels;
} embed_settings;

extern const embed_settings embed_defaults;

/* --- what is embedded ------------------------------------------------------------------ */

typedef struct embed_images {
    const char *shown; /* as the user wrote it */
    bool is_array;
    size_t n_rows;
    fdml_pictures pictures; /* where it is no array */
    fdml_map map;           /* else: an .npy of inputs, first axis rows */
    fdml_npy npy;
    char sha256[FDML_SHA256_HEX]; /* of the paths, each with its NUL; or of the array's file */
} embed_images;

/* `word` are n positional arguments: a folder, a table, a list, an .npy, or pictures. */
void embed_images_open(embed_images *images, const char *const *word, size_t n,
                       const embed_settings *settings, fdml_arena *arena);
void embed_images_hash(embed_images *images);
void embed_images_close(embed_images *images);
/* What stands for a row in messages: a path, or "images.npy row 7". */
const char *embed_images_name(char text[FDML_PATH_SIZE], const embed_images *images,
                              size_t row);

/* --- the network ----------------------------------------------------------------------- */

typedef struct embed_net {
    fdml_model model;
    fdml_graph graph; /* the model's, with the value asked for as its only output */
    uint32_t output;  /* that value */
    const char *path, *value;
    char sha256[FDML_SHA256_HEX];
    /* The input as declared: [N, C, H, W] or, rarely, [N, H, W, C]. 0: free. */
    bool takes_pictures, is_nhwc;
    size_t declared_batch, channels, height, width;
    char input_text[FDML_SHAPE_TEXT]; /* "[N,3,224,224]" */
    /* After embed_net_plan. */
    fdml_plan *plan;
    fdml_tensor input;  /* of a batch, data NULL */
    size_t batch, item; /* images; floats of one */
    size_t dim;         /* floats of a row */
    char output_text[FDML_SHAPE_TEXT];
} embed_net;

void embed_net_open(embed_net *net, const embed_settings *settings);
void embed_net_hash(embed_net *net);
void embed_net_close(embed_net *net);

/* Makes the plan for rows of this input shape, [rank] without the batch. */
typedef struct embed_shape {
    int rank;
    size_t dim[FDML_MAX_RANK];
} embed_shape;
void embed_net_plan(embed_net *net, const embed_shape *row, size_t batch,
                    const fdml_plan_options *options);
size_t embed_net_batch(const embed_net *net, const embed_settings *settings, size_t n_rows);

/* --- what happens to a picture --------------------------------------------------------- */

typedef struct embed_recipe {
    fdml_preprocess steps;
    bool is_array; /* scale, mean and std only */
    bool is_nhwc;
    embed_shape row;   /* of the network's input */
    char text[512];    /* the whole of it, in words: the same words, the same numbers */
    char assumed[256]; /* what nobody said; empty where all was */
} embed_recipe;

void embed_recipe_make(embed_recipe *recipe, const embed_settings *settings,
                       const embed_net *net, const embed_images *images);
void embed_recipe_write(embed_recipe *recipe); /* fills text */
void embed_recipe_json(fdml_json_writer *w, const embed_recipe *recipe);

/* tools/embed_array.c: the same for the rows of an .npy, and reading one. */
void embed_array_recipe(embed_recipe *recipe, const embed_settings *settings,
                        const embed_net *net, const embed_images *images);
void embed_array_load(float *item, const embed_recipe *recipe, const embed_images *images,
                      size_t row);

/* --- the work -------------------------------------------------------------------------- */

typedef struct embed_layers embed_layers; /* embed_check.h */

typedef struct embed_job {
    const embed_settings *settings;
    const embed_images *images;
    const embed_recipe *recipe;
    embed_net *net;
    const fdml_kernels *kernels;
    int n_threads;
    size_t max_memory; /* bytes that decoding may take beside the chunk; 0: unlimited */
    const fdml_progress *progress;
    embed_layers *layers; /* NULL: nobody asks for times */
    /* Rows come in order. `skip` is for a picture that --skip-bad leaves out; `pause` follows
     * each batch with the number of rows that are done with. */
    void (*row)(void *ctx, size_t row, const float *values);
    void (*skip)(void *ctx, size_t row, const char *why);
    void (*pause)(void *ctx, size_t done);
    void *ctx;
} embed_job;

/* Rows first..first+n-1. FDML_OK also where a signal was noted (cli_noted_signal) and the rest
 * is left. An error is that of the first picture that cannot be read; rows before it were
 * handed out. */
fdml_status embed_run(const embed_job *job, size_t first, size_t n, fdml_error *err);
size_t embed_run_memory(const embed_net *net, int n_threads); /* bytes of a chunk */

/* A CSV of the table: its names, then the rows asked for, quoted where they must be. */
void embed_meta_header(FILE *file, const fdml_table *table);
void embed_meta_row(FILE *file, const fdml_table *table, size_t row);

void embed_unit_length(float *row, size_t dim); /* a row of zeros stays one */

#endif
