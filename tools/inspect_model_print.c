/* inspect_model_print.c - a model for a person, or as JSON.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "eval/report_grid.h"
#include "inspect_model.h"

enum { WIDTH = 100, INDENT = 15 };

/* A name from a file must not steer the terminal. */
static void print_clean(const char *text)
{
    for (; *text; text++) putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

static void print_value(const char *role, const fdml_onnx_value *value)
{
    printf("  %-12s ", role);
    print_clean(value->name);
    printf("  %s ", value->type ? fdml_type_name((fdml_type)value->type) : "no tensor");
    if (value->rank < 0) printf("of any shape");
    for (int d = 0; d < value->rank; d++) {
        fputs(d ? "," : "[", stdout);
        if (value->dim[d] >= 0)
            printf("%lld", (long long)value->dim[d]);
        else
            putchar(d ? '?' : 'N');
    }
    puts(value->rank > 0 ? "]" : value->rank == 0 ? "[]" : "");
}

/* Inputs that have an initializer are weights that old files list twice. */
static bool is_weight(const inspect_model *m, const fdml_onnx_value *value)
{
    for (size_t i = 0; i < m->onnx.n_initializers; i++)
        if (!strcmp(m->onnx.initializer[i].name, value->name)) return true;
    return false;
}

static void print_ops(const inspect_model *m, fdml_arena *arena)
{
    size_t size = 64;
    for (size_t i = 0; i < m->n_ops; i++) size += strlen(m->op[i].name) + 32;
    char *text = fdml_arena_push(arena, size, 1);
    if (!text) cli_die(CLI_EXIT_DATA, "out of memory");
    size_t n = (size_t)snprintf(text, size, "%zu:", m->onnx.n_nodes);
    for (size_t i = 0; i < m->n_ops; i++)
        n += (size_t)snprintf(text + n, size - n, "%s %zu %s", i ? "," : "", m->op[i].count,
                              m->op[i].name);
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f) *at = '?';
    printf("  %-12s ", "nodes");
    fdml_text_wrap(stdout, text, INDENT, INDENT, WIDTH);
}

static void print_unsupported(const inspect_model *m)
{
    if (!m->n_unsupported) return;
    printf("  %-12s %zu kind%s of operators\n", "unsupported", m->n_unsupported,
           m->n_unsupported == 1 ? "" : "s");
    for (size_t i = 0; i < m->n_ops; i++) {
        const inspect_op *op = &m->op[i];
        if (op->is_supported) continue;
        printf("%*s", INDENT, "");
        print_clean(op->name);
        printf(": node%s", op->count == 1 ? "" : "s");
        for (size_t k = 0; k < op->count && k < INSPECT_NODES_SHOWN; k++) {
            const char *name = m->onnx.node[op->node[k]].name;
            printf("%s %zu", k ? "," : "", op->node[k]);
            if (!*name) continue;
            fputs(" \"", stdout);
            print_clean(name);
            putchar('"');
        }
        if (op->count > INSPECT_NODES_SHOWN)
            printf(", and %zu more", op->count - INSPECT_NODES_SHOWN);
        putchar('\n');
    }
}

static void print_head(const inspect_model *m, fdml_arena *arena)
{
    char size[32];
    fdml_size_print(size, (double)m->size);
    if (m->is_onnx) {
        const fdml_onnx_file *f = &m->onnx;
        printf("  %-12s ONNX, ir %lld, opset %lld, ", "model", (long long)f->ir_version,
               (long long)f->opset);
        if (*f->producer_name) {
            fputs("by ", stdout);
            print_clean(f->producer_name);
            if (*f->producer_version) putchar(' ');
            print_clean(f->producer_version);
            fputs(", ", stdout);
        }
        puts(size);
        for (size_t i = 0; i < f->n_inputs; i++)
            if (!is_weight(m, &f->input[i])) print_value("input", &f->input[i]);
        for (size_t i = 0; i < f->n_outputs; i++) print_value("output", &f->output[i]);
    } else {
        printf("  %-12s safetensors, %s\n", "model", size);
    }
    fdml_size_print(size, (double)m->parameter_bytes);
    printf("  %-12s %zu in %zu tensors, %s\n", "parameters", m->n_parameters, m->n_tensors,
           size);
    if (m->is_onnx) print_ops(m, arena);
    if (m->is_onnx) print_unsupported(m);
}

static void print_plan(const inspect_model *m)
{
    char weights[32], buffer[32], scratch[32];
    fdml_size_print(weights, (double)m->memory.weights);
    fdml_size_print(buffer, (double)m->memory.buffer);
    fdml_size_print(scratch, (double)m->memory.scratch);
    printf("  %-12s %zu steps for %s, %.3f GFLOP (a multiply-add is two)\n", "work",
           fdml_plan_n_steps(m->plan), m->shape, 1e-9 * m->flops);
    printf("  %-12s weights %s, activations %s, scratch %s\n", "memory", weights, buffer,
           scratch);
}

static void print_layers(const inspect_model *m, fdml_arena *arena)
{
    static const char *const header[] = { "step",   "operators",  "algorithm",
                                          "output", "parameters", "MFLOP" };
    enum { COLUMNS = sizeof header / sizeof *header };
    fdml_grid grid;
    const size_t n = fdml_plan_n_steps(m->plan);
    if (!fdml_grid_init(&grid, NULL, COLUMNS, 1, n, arena))
        cli_die(CLI_EXIT_DATA, "out of memory");
    for (size_t c = 0; c < COLUMNS; c++) {
        grid.header[c] = header[c];
        grid.is_right[c] = c >= 4;
    }
    for (size_t i = 0; i < n; i++) {
        fdml_plan_step_info info;
        char shape[FDML_SHAPE_TEXT];
        fdml_plan_get_step(&info, m->plan, i);
        fdml_tensor_shape_text(&info.output, shape);
        fdml_grid_row(&grid);
        fdml_grid_set(&grid, 0, FDML_CELL_NAME, "%s",
                      info.name && *info.name ? info.name : "-");
        fdml_grid_set(&grid, 1, FDML_CELL_NAME, "%s", info.op);
        fdml_grid_set(&grid, 2, FDML_CELL_NAME, "%s", info.algorithm);
        fdml_grid_set(&grid, 3, FDML_CELL_NAME, "%s", shape);
        if (info.n_parameters)
            fdml_grid_set(&grid, 4, FDML_CELL_VALUE, "%zu", info.n_parameters);
        if (info.flops > 0) fdml_grid_set(&grid, 5, FDML_CELL_VALUE, "%.2f", 1e-6 * info.flops);
    }
    fdml_grid_text(stdout, &grid, 200);
}

static void print_tensors(const inspect_model *m)
{
    for (size_t i = 0; i < m->tensors.n_tensors; i++) {
        const fdml_tensor_entry *t = &m->tensors.tensor[i];
        fputs("    ", stdout);
        print_clean(t->name);
        printf("  %s [", t->dtype_name);
        for (int d = 0; d < t->n_dims; d++) printf("%s%zu", d ? "," : "", t->shape[d]);
        puts("]");
    }
}

void inspect_print_model(const inspect_model *m, const inspect_model_options *o,
                         fdml_arena *arena)
{
    print_head(m, arena);
    if (m->plan) print_plan(m);
    if (!m->plan && m->is_onnx) printf("  %-12s no: %s\n", "runs", m->why);
    if (!o->layers) return;
    if (m->plan)
        print_layers(m, arena);
    else if (!m->is_onnx)
        print_tensors(m);
}

static void put_values(fdml_json_writer *w, const char *key, const inspect_model *m,
                       const fdml_onnx_value *value, size_t n)
{
    fdml_json_key(w, key);
    fdml_json_begin_array(w);
    for (size_t i = 0; i < n; i++) {
        if (is_weight(m, &value[i])) continue;
        fdml_json_begin_object(w);
        fdml_json_put_text(w, "name", value[i].name);
        fdml_json_put_text(
            w, "type", value[i].type ? fdml_type_name((fdml_type)value[i].type) : "no tensor");
        fdml_json_key(w, "shape");
        if (value[i].rank < 0) {
            fdml_json_null(w);
        } else {
            fdml_json_begin_array(w);
            for (int d = 0; d < value[i].rank; d++) fdml_json_integer(w, value[i].dim[d]);
            fdml_json_end_array(w);
        }
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}

static void put_ops(fdml_json_writer *w, const inspect_model *m)
{
    fdml_json_key(w, "operators");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < m->n_ops; i++) {
        fdml_json_begin_object(w);
        fdml_json_put_text(w, "name", m->op[i].name);
        fdml_json_put_count(w, "nodes", m->op[i].count);
        fdml_json_key(w, "supported");
        fdml_json_bool(w, m->op[i].is_supported);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}

void inspect_json_model(fdml_json_writer *w, const inspect_model *m)
{
    if (m->is_onnx) {
        fdml_json_put_count(w, "ir_version", (size_t)m->onnx.ir_version);
        fdml_json_put_count(w, "opset", (size_t)m->onnx.opset);
        fdml_json_put_text(w, "producer", m->onnx.producer_name);
        put_values(w, "inputs", m, m->onnx.input, m->onnx.n_inputs);
        put_values(w, "outputs", m, m->onnx.output, m->onnx.n_outputs);
        fdml_json_put_count(w, "nodes", m->onnx.n_nodes);
        put_ops(w, m);
    }
    fdml_json_put_count(w, "parameters", m->n_parameters);
    fdml_json_put_count(w, "parameter_bytes", m->parameter_bytes);
    fdml_json_key(w, "why_not");
    fdml_json_string(w, m->plan ? NULL : m->why);
    if (!m->plan) return;
    fdml_json_put_text(w, "planned_for", m->shape);
    fdml_json_key(w, "flops");
    fdml_json_number(w, m->flops);
    fdml_json_put_count(w, "weight_bytes", m->memory.weights);
    fdml_json_put_count(w, "activation_bytes", m->memory.buffer);
    fdml_json_put_count(w, "scratch_bytes", m->memory.scratch);
}
