/* checkpoint.h - a backbone and its weights in one .safetensors file.
 *
 * Ours has three texts in its __metadata__: "format" is "fdml-checkpoint/1", "backbone" a name
 * of backbone.h or "features" (features.h), "settings" a JSON object:
 *
 *     {"input": [3, 224, 224], "embedding_size": 128, "head": true, "normalise": true,
 *      "preprocess": {"resize_shorter": 256, "center": [224, 224], "channels": "rgb",
 *                     "scale": 0.003921568859368563, "mean": [...], "std": [...]}}
 *
 * Each may be left out, and members that are not known are skipped, so that training may keep
 * its state beside them. A file without that format, such as one of torchvision's state_dict,
 * is recognised by its tensors' names.
 *
 * "head": behind the backbone comes a linear layer, "head.weight" [embedding_size, columns] and
 * perhaps "head.bias"; "normalise": what the net gives is scaled to unit length (embed_head.h).
 * Both are false where they are not said.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_CHECKPOINT_H
#define FDML_MODEL_CHECKPOINT_H

#include "data/preprocess.h"
#include "data/safetensors_write.h"
#include "model/backbone.h"

#define FDML_CHECKPOINT_FORMAT "fdml-checkpoint/1"

typedef struct fdml_checkpoint_settings {
    size_t height, width;  /* of the input; 0: the backbone's usual */
    size_t embedding_size; /* 0: not said */
    bool has_head;         /* "head.weight", whose rows are the embedding's size */
    bool normalise;
    bool has_preprocess;
    fdml_preprocess preprocess; /* where has_preprocess */
} fdml_checkpoint_settings;

typedef struct fdml_checkpoint {
    const fdml_backbone *backbone;
    bool is_ours; /* else recognised */
    fdml_checkpoint_settings settings;
    fdml_weights weights;
} fdml_checkpoint;

/* Reads the list of tensors and the settings. FDML_E_FORMAT: settings that are not what they
 * must be; FDML_E_UNSUPPORTED: another version, another backbone, or no net that is known.
 * `path` must outlive the checkpoint; the file stays mapped until it is closed. */
fdml_status fdml_checkpoint_read(fdml_checkpoint *checkpoint, const char *path,
                                 fdml_arena *arena, fdml_error *err);
fdml_status fdml_checkpoint_parse(fdml_checkpoint *checkpoint, const fdml_source *source,
                                  fdml_arena *arena, fdml_error *err);
void fdml_checkpoint_close(fdml_checkpoint *checkpoint);

/* The net (backbone.h), once, with the head of the settings behind it, or with_head with the
 * backbone's own classifier instead. FDML_E_DATA: a head that does not fit. The graph takes
 * over the mapped file: fdml_graph_close. */
fdml_status fdml_checkpoint_build(fdml_graph *graph, fdml_checkpoint *checkpoint,
                                  bool with_head, fdml_arena *arena, fdml_error *err);

/* All three: the net of a file, up to its embedding. `path` must outlive the call only. */
fdml_status fdml_checkpoint_open(fdml_graph *graph, const char *path, fdml_arena *arena,
                                 fdml_error *err);

/* Complete or not at all, and never in place of another while it is written (base/file.h). The
 * names are the backbone's; that they are all there is found by whoever opens it. */
fdml_status fdml_checkpoint_write(const char *path, const char *backbone,
                                  const fdml_checkpoint_settings *settings,
                                  const fdml_safetensors_item *item, size_t n, fdml_error *err);

/* The JSON object of settings, as text and back. `text` has FDML_CHECKPOINT_SETTINGS bytes. */
enum { FDML_CHECKPOINT_SETTINGS = 4096 };
void fdml_checkpoint_settings_write(char *text, const fdml_checkpoint_settings *settings);
fdml_status fdml_checkpoint_settings_read(fdml_checkpoint_settings *settings, const char *text,
                                          const char *name, fdml_error *err);

#endif
