/* plan_reference.c - a step that is an operator's own run, on plain values.
 * SPDX-License-Identifier: MIT */
#include "model/op_check.h"
#include "model/plan_state.h"

typedef struct reference_detail {
    fdml_op_call call;
    fdml_tensor *in, *out; /* shapes; data are set at each run */
    const fdml_tensor **input;
    fdml_tensor **output;
} reference_detail;

static fdml_status run_reference(fdml_plan *plan, fdml_plan_step *step, fdml_error *err)
{
    reference_detail *d = step->detail;
    for (uint32_t i = 0; i < step->n_in; i++)
        if (d->input[i]) d->in[i].data = fdml_slot_data(plan, step->in[i]);
    for (uint32_t i = 0; i < step->n_out; i++)
        if (d->output[i]) d->out[i].data = fdml_slot_data(plan, step->out[i]);
    d->call.kernels = plan->kernels;
    d->call.n_threads = plan->n_threads;
    d->call.work = &plan->work;
    const fdml_arena_mark mark = fdml_arena_get_mark(&plan->work);
    fdml_status status = step->node->op->run(&d->call, err);
    if (!status && !fdml_op_keep_texts(&d->call, &plan->text))
        status = fdml_plan_no_memory(plan, err);
    fdml_arena_reset(&plan->work, mark);
    return status;
}

static fdml_status describe(reference_detail *d, fdml_plan *plan, const fdml_node *node,
                            fdml_error *err)
{
    d->in = fdml_plan_push(plan, node->n_inputs, sizeof *d->in);
    d->out = fdml_plan_push(plan, node->n_outputs, sizeof *d->out);
    d->input = fdml_plan_push(plan, node->n_inputs, sizeof *d->input);
    d->output = fdml_plan_push(plan, node->n_outputs, sizeof *d->output);
    if (!d->in || !d->out || !d->input || !d->output) return fdml_plan_no_memory(plan, err);
    d->call = (fdml_op_call){ .graph = plan->graph,
                              .node = node,
                              .n_inputs = node->n_inputs,
                              .n_outputs = node->n_outputs,
                              .input = d->input,
                              .output = d->output };
    return FDML_OK;
}

fdml_status fdml_lower_reference(fdml_plan *plan, const fdml_node *node, bool *took,
                                 fdml_error *err)
{
    reference_detail *d = fdml_plan_push(plan, 1, sizeof *d);
    uint32_t *slots = fdml_plan_push(plan, node->n_inputs + node->n_outputs, sizeof *slots);
    if (!d || !slots) return fdml_plan_no_memory(plan, err);
    FDML_TRY(describe(d, plan, node, err));
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        slots[i] = FDML_NO_SLOT;
        if (node->input[i] == FDML_NO_VALUE) continue;
        FDML_TRY(fdml_tensor_align(&plan->value[node->input[i]].tensor, &plan->arena,
                                   plan->graph->name, err));
        FDML_TRY(fdml_plan_read_slot(&slots[i], plan, node->input[i], FDML_PLAIN, err));
        d->in[i] = plan->value[node->input[i]].tensor;
        d->input[i] = &d->in[i];
    }
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        uint32_t *slot = &slots[node->n_inputs + i];
        *slot = FDML_NO_SLOT;
        if (node->output[i] == FDML_NO_VALUE) continue;
        FDML_TRY(fdml_plan_new_slot(slot, plan, node->output[i], FDML_PLAIN, err));
        d->out[i] = plan->value[node->output[i]].tensor;
        d->output[i] = &d->out[i];
    }
    *took = true;
    return fdml_plan_add_step(plan,
                              &(fdml_plan_step){ .run = run_reference,
                                                 .detail = d,
                                                 .n_in = node->n_inputs,
                                                 .n_out = node->n_outputs,
                                                 .in = slots,
                                                 .out = slots + node->n_inputs,
                                                 .label = node->op->name,
                                                 .algorithm = "reference",
                                                 .mixes_images = true,
                                                 .node = node },
                              err);
}
