/* embed_net.c - opens a network, finds the value that is the embedding, and plans a batch.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "embed.h"
#include "graph_text.h"

static const char *value_name(const embed_net *net, uint32_t value)
{
    return net->model.graph.value[value].name;
}

static void choose_output(embed_net *net, const char *wanted)
{
    const fdml_graph *g = &net->model.graph;
    char names[GRAPH_NAMES_TEXT];
    graph_outputs_text(names, g);
    if (!wanted && g->n_outputs != 1)
        cli_die(CLI_EXIT_DATA, "%s: %zu outputs (%s); choose one with --value", net->path,
                g->n_outputs, names);
    net->output = FDML_NO_VALUE;
    if (!wanted) net->output = g->output[0];
    for (size_t v = 0; wanted && v < g->n_values; v++)
        if (g->value[v].name && !strcmp(g->value[v].name, wanted)) net->output = (uint32_t)v;
    if (net->output == FDML_NO_VALUE)
        cli_die(CLI_EXIT_DATA,
                "%s: no value '%s'; its outputs are %s (fdml-inspect --layers lists all)",
                net->path, wanted, names);
    if (g->value[net->output].constant.data)
        cli_die(CLI_EXIT_DATA, "%s: '%s' is a constant", net->path, wanted);
    net->value = value_name(net, net->output);
    net->graph = *g;
    net->graph.output = &net->output;
    net->graph.n_outputs = 1;
}

static size_t known(int64_t dim)
{
    return dim > 0 ? (size_t)dim : 0;
}

static void read_input(embed_net *net)
{
    const fdml_graph *g = &net->model.graph;
    if (g->n_inputs != 1)
        cli_die(CLI_EXIT_DATA, "%s: %zu inputs, expected one for the images", net->path,
                g->n_inputs);
    const fdml_graph_value *input = &g->value[g->input[0]];
    graph_shape_text(net->input_text, input);
    if (input->type != FDML_TYPE_F32 && input->type != FDML_TYPE_NONE)
        cli_die(CLI_EXIT_DATA, "%s: input '%s' is of %s, expected float32", net->path,
                input->name, fdml_type_name(input->type));
    if (input->rank >= 0 && input->rank < 2)
        cli_die(CLI_EXIT_DATA, "%s: input '%s' is %s, expected [N,...]", net->path, input->name,
                net->input_text);
    net->takes_pictures = input->rank < 0 || input->rank == 4;
    if (input->rank > 0) net->declared_batch = known(input->dim[0]);
    if (input->rank != 4) return;
    const int64_t *dim = input->dim;
    const bool first = dim[1] == 1 || dim[1] == 3, last = dim[3] == 1 || dim[3] == 3;
    net->is_nhwc = !first && last;
    net->channels = known(dim[net->is_nhwc ? 3 : 1]);
    net->height = known(dim[net->is_nhwc ? 1 : 2]);
    net->width = known(dim[net->is_nhwc ? 2 : 3]);
    if (net->channels && net->channels != 1 && net->channels != 3) net->takes_pictures = false;
}

void embed_net_open(embed_net *net, const embed_settings *s)
{
    fdml_error err;
    memset(net, 0, sizeof *net);
    net->path = s->model;
    CLI_TRY(fdml_model_open(&net->model, s->model, &err), &err);
    cli_input_note_maps(net->model.graph.maps);
    choose_output(net, s->value);
    read_input(net);
}

void embed_net_hash(embed_net *net)
{
    fdml_error err;
    CLI_TRY(fdml_sha256_file(net->sha256, net->path, &err), &err);
}

void embed_net_close(embed_net *net)
{
    fdml_plan_free(net->plan);
    fdml_model_close(&net->model);
}

size_t embed_net_batch(const embed_net *net, const embed_settings *s, size_t n_rows)
{
    enum { DEFAULT_BATCH = 8 };
    if (s->batch) return (size_t)s->batch;
    if (net->declared_batch) return net->declared_batch;
    return n_rows < DEFAULT_BATCH ? n_rows : DEFAULT_BATCH;
}

/* The first axis of what comes out must be the images, or rows would be mixed up. */
static void check_output(embed_net *net)
{
    const fdml_tensor *output = fdml_plan_output(net->plan, 0);
    char text[FDML_SHAPE_TEXT];
    fdml_tensor_shape_text(output, text);
    if (output->type != FDML_TYPE_F32)
        cli_die(CLI_EXIT_DATA, "%s: '%s' is of %s, expected float32", net->path, net->value,
                fdml_type_name(output->type));
    if (output->rank < 1 || output->dim[0] != net->batch)
        cli_die(CLI_EXIT_DATA, "%s: '%s' is %s for %zu image%s, so its rows are not images; %s",
                net->path, net->value, text, net->batch, net->batch == 1 ? "" : "s",
                net->batch > 1 ? "try --batch 1" : "choose another with --value");
    if (!output->n_items)
        cli_die(CLI_EXIT_DATA, "%s: '%s' is %s, which holds nothing", net->path, net->value,
                text);
    net->dim = output->n_items / net->batch;
    memcpy(net->output_text, text, sizeof text);
}

void embed_net_plan(embed_net *net, const embed_shape *row, size_t batch,
                    const fdml_plan_options *options)
{
    fdml_error err;
    size_t dim[FDML_MAX_RANK] = { batch };
    if (row->rank >= FDML_MAX_RANK)
        cli_die(CLI_EXIT_DATA, "%s: an input of %d axes, the limit is %d", net->path,
                row->rank + 1, FDML_MAX_RANK);
    for (int d = 0; d < row->rank; d++) dim[d + 1] = row->dim[d];
    CLI_TRY(fdml_tensor_shape(&net->input, FDML_TYPE_F32, row->rank + 1, dim, net->path, &err),
            &err);
    net->batch = batch;
    net->item = net->input.n_items / batch;
    const fdml_status status =
        fdml_plan_new(&net->plan, &net->graph, &net->input, options, &err);
    if (status == FDML_E_LIMIT && options->max_memory) {
        char limit[32];
        fdml_size_print(limit, (double)options->max_memory);
        cli_die(CLI_EXIT_DATA, "--max-memory: %s is too little; %s", limit, err.text);
    }
    if (status) cli_fail(&err);
    check_output(net);
}
