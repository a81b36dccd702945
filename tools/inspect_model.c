/* inspect_model.c - see inspect_model.h.
 * SPDX-License-Identifier: MIT */
#include "inspect_model.h"

#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "model/op.h"
#include "model/tensor.h"
#include "model/weights.h"

bool inspect_is_model(const char *path)
{
    return fdml_file_has_suffix(path, ".onnx");
}

bool inspect_is_ours(const char *path, fdml_arena *arena)
{
    fdml_weights weights = { 0 };
    if (!fdml_file_has_suffix(path, ".safetensors")) return false;
    if (fdml_weights_open(&weights, path, arena, NULL)) return false;
    const char *format = fdml_weights_metadata(&weights, "format");
    const bool is_ours = format && !strncmp(format, "fdml-", 5);
    fdml_weights_close(&weights);
    return is_ours;
}

static void *push(fdml_arena *arena, size_t count, size_t size)
{
    void *memory = fdml_arena_push_zero(arena, count, size);
    if (!memory) cli_die(CLI_EXIT_DATA, "out of memory");
    return memory;
}

/* Constants become values when a graph is made; they need no operator. */
static bool is_supported(const fdml_onnx_node *node)
{
    const bool is_standard = !*node->domain || !strcmp(node->domain, "ai.onnx");
    return is_standard && (!strcmp(node->op_type, "Constant") || fdml_op_find(node->op_type));
}

static int by_falling_count(const void *a, const void *b)
{
    const inspect_op *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void count_ops(inspect_model *m, fdml_arena *arena)
{
    fdml_intern names;
    fdml_intern_init(&names, arena, true);
    m->op = push(arena, m->onnx.n_nodes, sizeof *m->op);
    for (size_t i = 0; i < m->onnx.n_nodes; i++) {
        const fdml_onnx_node *node = &m->onnx.node[i];
        const bool is_own = *node->domain && strcmp(node->domain, "ai.onnx") != 0;
        char name[256];
        uint32_t id;
        snprintf(name, sizeof name, "%s%s%s", is_own ? node->domain : "", is_own ? "." : "",
                 node->op_type);
        if (!fdml_intern_add(&names, name, strlen(name), &id))
            cli_die(CLI_EXIT_DATA, "out of memory");
        inspect_op *op = &m->op[id];
        op->name = fdml_intern_get(&names, id).text;
        op->is_supported = is_supported(node);
        if (op->count < INSPECT_NODES_SHOWN) op->node[op->count] = i;
        op->count++;
        if (id + 1 > m->n_ops) m->n_ops = id + 1;
    }
    for (size_t i = 0; i < m->n_ops; i++) m->n_unsupported += !m->op[i].is_supported;
    qsort(m->op, m->n_ops, sizeof *m->op, by_falling_count);
}

static void add_parameters(inspect_model *m, const fdml_onnx_tensor *tensor)
{
    m->n_tensors++;
    m->n_parameters += tensor->n_items;
    m->parameter_bytes += tensor->n_items * fdml_type_size((fdml_type)tensor->type);
}

static void read_onnx(inspect_model *m, fdml_arena *arena)
{
    fdml_error err;
    char directory[FDML_PATH_SIZE];
    const size_t length = (size_t)(fdml_file_name(m->path) - m->path);
    if (length >= sizeof directory) cli_die(CLI_EXIT_DATA, "the path is too long");
    memcpy(directory, m->path, length);
    directory[length] = 0;
    CLI_TRY(
        fdml_onnx_parse(&m->onnx, m->path, m->map.data, m->map.size, directory, arena, &err),
        &err);
    count_ops(m, arena);
    for (size_t i = 0; i < m->onnx.n_initializers; i++)
        add_parameters(m, &m->onnx.initializer[i]);
    for (size_t i = 0; i < m->onnx.n_nodes; i++) {
        const fdml_onnx_node *node = &m->onnx.node[i];
        for (size_t a = 0; a < node->n_attrs; a++)
            if (node->attr[a].type == FDML_ONNX_TENSOR && node->attr[a].t)
                add_parameters(m, node->attr[a].t);
    }
}

static void read_tensors(inspect_model *m, fdml_arena *arena)
{
    fdml_error err;
    const fdml_source source = { m->path, NULL, m->map.data, m->map.size };
    CLI_TRY(fdml_safetensors_parse(&m->tensors, &source, arena, &err), &err);
    m->n_tensors = m->tensors.n_tensors;
    for (size_t i = 0; i < m->n_tensors; i++) {
        m->n_parameters += m->tensors.tensor[i].n_items;
        m->parameter_bytes += m->tensors.tensor[i].size;
    }
}

static bool fail(inspect_model *m, const char *why)
{
    snprintf(m->why, sizeof m->why, "%s", why);
    return false;
}

/* --shape: as many whole numbers as there are axes. */
static bool parse_shape(fdml_tensor *tensor, const char *text)
{
    size_t dim[FDML_MAX_RANK];
    int rank = 0;
    for (const char *at = text; at; rank++) {
        char part[24];
        uint64_t value;
        const size_t n = strcspn(at, ",");
        if (rank == FDML_MAX_RANK || n >= sizeof part) return false;
        memcpy(part, at, n);
        part[n] = 0;
        if (!fdml_count_parse(&value, part) || !value || value > UINT32_MAX) return false;
        dim[rank] = (size_t)value;
        at = at[n] ? at + n + 1 : NULL;
    }
    return !fdml_tensor_shape(tensor, FDML_TYPE_F32, rank, dim, "--shape", NULL);
}

/* As declared: a free first axis is the batch, any other must be given. */
static bool declared_shape(inspect_model *m, fdml_tensor *tensor, const fdml_graph_value *value,
                           size_t batch)
{
    size_t dim[FDML_MAX_RANK];
    char text[160];
    for (int d = 0; d < value->rank; d++) {
        const bool is_batch = d == 0 && (value->dim[0] < 0 || batch);
        if (!is_batch && value->dim[d] < 0) {
            snprintf(text, sizeof text,
                     "axis %d of input '%.80s' is free; --shape says how long it is", d,
                     value->name);
            return fail(m, text);
        }
        dim[d] = is_batch ? (batch ? batch : 1) : (size_t)value->dim[d];
    }
    if (value->rank < 0) return fail(m, "the input declares no shape; --shape gives one");
    return !fdml_tensor_shape(tensor, value->type, value->rank, dim, value->name, NULL) ||
           fail(m, "the input's shape is larger than any memory");
}

static bool input_shapes(inspect_model *m, fdml_tensor *input, size_t n,
                         const inspect_model_options *o)
{
    const fdml_graph *g = &m->model.graph;
    if (o->shape && n != 1) cli_die(CLI_EXIT_DATA, "--shape: %s has %zu inputs", m->path, n);
    for (size_t i = 0; i < n; i++) {
        const fdml_graph_value *value = &g->value[g->input[i]];
        if (o->shape && !parse_shape(&input[i], o->shape))
            cli_die(CLI_EXIT_DATA, "--shape: '%s' is no list such as 1,3,224,224", o->shape);
        if (o->shape) input[i].type = value->type;
        if (!o->shape && !declared_shape(m, &input[i], value, o->batch)) return false;
    }
    return true;
}

static void plan(inspect_model *m, const inspect_model_options *o, fdml_arena *arena)
{
    fdml_error err;
    const size_t n = m->model.graph.n_inputs;
    const fdml_plan_options options = { .kernels = o->kernels, .n_threads = o->n_threads };
    fdml_tensor *input = push(arena, n, sizeof *input);
    if (!input_shapes(m, input, n, o)) return;
    if (n) fdml_tensor_shape_text(&input[0], m->shape);
    if (fdml_plan_new(&m->plan, &m->model.graph, input, &options, &err)) {
        m->plan = NULL;
        fail(m, err.text);
        return;
    }
    fdml_plan_get_memory(&m->memory, m->plan);
    for (size_t i = 0; i < fdml_plan_n_steps(m->plan); i++) {
        fdml_plan_step_info info;
        fdml_plan_get_step(&info, m->plan, i);
        m->flops += info.flops;
    }
}

void inspect_model_open(inspect_model *m, const char *path, const inspect_model_options *o,
                        fdml_arena *arena)
{
    fdml_error err;
    memset(m, 0, sizeof *m);
    m->path = path;
    m->is_onnx = inspect_is_model(path);
    CLI_TRY(fdml_file_map(&m->map, path, &err), &err);
    m->size = m->map.size;
    if (m->is_onnx)
        read_onnx(m, arena);
    else
        read_tensors(m, arena);
    cli_input_note_maps(m->onnx.maps);
    if (m->n_unsupported)
        fail(m, "operators are not supported");
    else if (fdml_model_open(&m->model, path, &err))
        fail(m, err.text);
    else
        plan(m, o, arena);
}

void inspect_model_close(inspect_model *m)
{
    fdml_plan_free(m->plan);
    fdml_model_close(&m->model);
    fdml_map_list_close(&m->onnx.maps);
    fdml_file_unmap(&m->map);
}
