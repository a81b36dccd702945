/* checkpoint.c - see checkpoint.h.
 * SPDX-License-Identifier: MIT */
#include "model/checkpoint.h"

#include <string.h>

#include "model/embed_head.h"
#include "model/features.h"

static const fdml_backbone *find_backbone(const char *name)
{
    return strcmp(name, fdml_features.name) ? fdml_backbone_find(name) : &fdml_features;
}

static fdml_status read_ours(fdml_checkpoint *checkpoint, const char *format, fdml_error *err)
{
    const fdml_weights *weights = &checkpoint->weights;
    if (strcmp(format, FDML_CHECKPOINT_FORMAT) != 0)
        return fdml_fail(err, FDML_E_UNSUPPORTED, "%s: format '%.60s', expected '%s'",
                         weights->name, format, FDML_CHECKPOINT_FORMAT);
    const char *name = fdml_weights_metadata(weights, "backbone");
    const char *settings = fdml_weights_metadata(weights, "settings");
    if (!name)
        return fdml_fail(err, FDML_E_FORMAT, "%s: a checkpoint that names no backbone",
                         weights->name);
    checkpoint->is_ours = true;
    checkpoint->backbone = find_backbone(name);
    if (!checkpoint->backbone) return fdml_backbone_fail(err, weights->name, name);
    if (!settings) return FDML_OK;
    return fdml_checkpoint_settings_read(&checkpoint->settings, settings, weights->name, err);
}

/* By the weights that are read already. */
static fdml_status describe(fdml_checkpoint *checkpoint, fdml_error *err)
{
    const fdml_weights *weights = &checkpoint->weights;
    const char *format = fdml_weights_metadata(weights, "format");
    static const char ours[] = "fdml-checkpoint/";
    if (format && !strncmp(format, ours, sizeof ours - 1))
        return read_ours(checkpoint, format, err);
    checkpoint->backbone = fdml_backbone_recognise(weights);
    if (checkpoint->backbone) return FDML_OK;
    return fdml_fail(err, FDML_E_UNSUPPORTED,
                     "%s: no checkpoint, and its %zu tensors are those of no net that is known",
                     weights->name, weights->file.n_tensors);
}

fdml_status fdml_checkpoint_parse(fdml_checkpoint *checkpoint, const fdml_source *source,
                                  fdml_arena *arena, fdml_error *err)
{
    fdml_checkpoint parsed = { 0 };
    FDML_TRY(fdml_weights_parse(&parsed.weights, source, arena, err));
    FDML_TRY(describe(&parsed, err));
    *checkpoint = parsed;
    return FDML_OK;
}

fdml_status fdml_checkpoint_read(fdml_checkpoint *checkpoint, const char *path,
                                 fdml_arena *arena, fdml_error *err)
{
    fdml_checkpoint read = { 0 };
    FDML_TRY(fdml_weights_open(&read.weights, path, arena, err));
    const fdml_status status = describe(&read, err);
    if (status)
        fdml_weights_close(&read.weights);
    else
        *checkpoint = read;
    return status;
}

void fdml_checkpoint_close(fdml_checkpoint *checkpoint)
{
    fdml_weights_close(&checkpoint->weights);
}

/* The head's arrays, before the net asks whether all tensors were taken; its columns are
 * checked when the net has told how many it gives. */
static fdml_status take_head(fdml_embed_head *head, fdml_tensor *weight,
                             fdml_checkpoint *checkpoint, bool is_wanted, fdml_arena *arena,
                             fdml_error *err)
{
    static const char name[] = FDML_EMBED_HEAD ".weight", bias_name[] = FDML_EMBED_HEAD ".bias";
    static const int64_t any[] = { -1, -1 };
    fdml_weights *weights = &checkpoint->weights;
    *head = (fdml_embed_head){ .normalise = checkpoint->settings.normalise && is_wanted };
    if (!checkpoint->settings.has_head) return FDML_OK;
    if (!is_wanted) {
        fdml_weights_skip(weights, name);
        fdml_weights_skip(weights, bias_name);
        return FDML_OK;
    }
    FDML_TRY(fdml_weights_take(weight, weights, name, 2, any, arena, err));
    head->weight = weight->data;
    head->size = weight->dim[0];
    if (!fdml_weights_find(weights, bias_name)) return FDML_OK;
    fdml_tensor bias;
    const int64_t size = (int64_t)head->size;
    FDML_TRY(fdml_weights_take(&bias, weights, bias_name, 1, &size, arena, err));
    head->bias = bias.data;
    return FDML_OK;
}

static fdml_status check_sizes(const fdml_graph *graph, const fdml_embed_head *head,
                               const fdml_tensor *weight, const fdml_checkpoint *checkpoint,
                               fdml_error *err)
{
    const size_t columns = (size_t)graph->value[graph->output[0]].dim[1];
    const size_t size = head->weight ? head->size : columns;
    const size_t said = checkpoint->settings.embedding_size;
    if (head->weight && weight->dim[1] != columns)
        return fdml_fail(err, FDML_E_DATA,
                         "%s: tensor '%s.weight' has %zu columns, %s gives %zu",
                         checkpoint->weights.name, FDML_EMBED_HEAD, weight->dim[1],
                         checkpoint->backbone->name, columns);
    if (said && said != size)
        return fdml_fail(err, FDML_E_DATA,
                         "%s: the settings' embedding_size is %zu, the weights give %zu",
                         checkpoint->weights.name, said, size);
    return FDML_OK;
}

static fdml_status build_features(fdml_graph *graph, fdml_checkpoint *checkpoint,
                                  bool with_head, fdml_arena *arena, fdml_error *err)
{
    fdml_features_options options;
    fdml_weights *weights = &checkpoint->weights;
    if (with_head)
        return fdml_fail(err, FDML_E_ARG, "%s: %s has no classifier", weights->name,
                         fdml_features.name);
    FDML_TRY(fdml_features_sizes(&options, weights, FDML_EMBED_HEAD ".weight", err));
    return fdml_features_build(graph, weights, &options, arena, err);
}

static fdml_status build_net(fdml_graph *graph, fdml_checkpoint *checkpoint, bool with_head,
                             fdml_arena *arena, fdml_error *err)
{
    const fdml_checkpoint_settings *settings = &checkpoint->settings;
    const fdml_backbone_options options = { .with_head = with_head,
                                            .height = settings->height,
                                            .width = settings->width };
    if (checkpoint->backbone == &fdml_features)
        return build_features(graph, checkpoint, with_head, arena, err);
    return fdml_backbone_build(graph, checkpoint->backbone->name, &checkpoint->weights,
                               &options, arena, err);
}

fdml_status fdml_checkpoint_build(fdml_graph *graph, fdml_checkpoint *checkpoint,
                                  bool with_head, fdml_arena *arena, fdml_error *err)
{
    fdml_graph built;
    fdml_embed_head head;
    fdml_tensor weight;
    FDML_TRY(take_head(&head, &weight, checkpoint, !with_head, arena, err));
    FDML_TRY(build_net(&built, checkpoint, with_head, arena, err));
    if (!with_head) FDML_TRY(check_sizes(&built, &head, &weight, checkpoint, err));
    if (head.weight || head.normalise)
        FDML_TRY(fdml_embed_head_append(&built, &built, &head, arena, err));
    built.maps = checkpoint->weights.maps; /* constants point into it */
    checkpoint->weights.maps = NULL;
    *graph = built;
    return FDML_OK;
}

fdml_status fdml_checkpoint_open(fdml_graph *graph, const char *path, fdml_arena *arena,
                                 fdml_error *err)
{
    fdml_checkpoint checkpoint;
    FDML_TRY(fdml_checkpoint_read(&checkpoint, path, arena, err));
    const fdml_status status = fdml_checkpoint_build(graph, &checkpoint, false, arena, err);
    fdml_checkpoint_close(&checkpoint);
    return status;
}

fdml_status fdml_checkpoint_write(const char *path, const char *backbone,
                                  const fdml_checkpoint_settings *settings,
                                  const fdml_safetensors_item *item, size_t n, fdml_error *err)
{
    char text[FDML_CHECKPOINT_SETTINGS];
    const char *const metadata[] = { "format",   FDML_CHECKPOINT_FORMAT,
                                     "backbone", backbone,
                                     "settings", text };
    fdml_output output;
    if (!find_backbone(backbone)) return fdml_backbone_fail(err, path, backbone);
    fdml_checkpoint_settings_write(text, settings);
    FDML_TRY(fdml_output_open(&output, path, NULL, err));
    const fdml_status status =
        fdml_safetensors_write(output.file, item, n, metadata, 3, path, err);
    if (!status) return fdml_output_commit(&output, err);
    fdml_output_abort(&output);
    return status;
}
