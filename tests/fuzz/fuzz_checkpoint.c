/* fuzz_checkpoint.c - a .safetensors as a checkpoint: its settings, and the net it says it is.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "model/checkpoint.h"
#include "target.h"

static void check_settings(const fdml_checkpoint_settings *settings)
{
    const fdml_preprocess *p = &settings->preprocess;
    target_require(!settings->height == !settings->width && settings->height <= 65536);
    if (!settings->has_preprocess) return;
    target_require(p->n_channels == 1 || p->n_channels == 3);
    target_require(!p->has_box || (p->box[0] < p->box[2] && p->box[1] < p->box[3]));
    target_require(isfinite(p->scale) && p->scale != 0);
    for (int i = 0; i < p->n_channels; i++)
        target_require(isfinite(p->mean[i]) && isfinite(p->std[i]) && p->std[i] != 0);
}

static void check_graph(const fdml_graph *graph)
{
    static volatile float sink;
    float sum = 0;
    for (size_t i = 0; i < graph->n_values; i++) {
        const fdml_tensor *t = &graph->value[i].constant;
        for (size_t k = 0; t->data && k < t->n_items; k++) sum += ((const float *)t->data)[k];
    }
    sink = sum;
    (void)sink;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t limits[] = { TARGET_MEMORY, 8192 };
    for (size_t i = 0; i < 4; i++) {
        const fdml_source source = { "x.safetensors", NULL, data, size };
        fdml_arena arena;
        fdml_checkpoint checkpoint;
        fdml_graph graph;
        fdml_error err;
        fdml_arena_init(&arena, limits[i / 2]);
        fdml_status status = fdml_checkpoint_parse(&checkpoint, &source, &arena, &err);
        if (!status) {
            check_settings(&checkpoint.settings);
            status = fdml_checkpoint_build(&graph, &checkpoint, i % 2, &arena, &err);
            if (!status) check_graph(&graph);
        }
        if (status) target_check_error(status, &err);
        fdml_arena_close(&arena);
    }
    return 0;
}
