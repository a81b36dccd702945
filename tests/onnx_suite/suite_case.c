/* suite_case.c - one test in a process of its own. See suite.h.
 * SPDX-License-Identifier: MIT */
#include "suite.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/file.h"
#include "data/onnx_file.h"
#include "model/interpret.h"
#include "model/onnx_import.h"
#include "model/op.h"
#include "model/plan.h"
#include "simd/kernels.h"

typedef struct suite_case {
    const suite_test *test;
    const suite_options *options;
    suite_result *result;
    fdml_arena arena;
    fdml_graph graph;
    fdml_error err;
} suite_case;

static void fail(suite_case *c, const char *text)
{
    c->result->verdict = SUITE_FAILED;
    snprintf(c->result->why, sizeof c->result->why, "%s", text);
}

/* What is not supported is refused; any other error is a failure. */
static bool is_fine(suite_case *c, fdml_status status)
{
    if (!status) return true;
    fail(c, c->err.text);
    if (status == FDML_E_UNSUPPORTED) c->result->verdict = SUITE_REFUSED;
    return false;
}

/* The operator the test is about, from the file alone, as an import may refuse it. */
static bool name_operator(suite_case *c)
{
    const char *bytes;
    size_t size;
    fdml_onnx_file file;
    const char *path = c->test->model;
    if (!is_fine(c, fdml_file_read(&bytes, &size, path, (size_t)1 << 31, &c->arena, &c->err)))
        return false;
    const fdml_status status = fdml_onnx_parse(&file, path, (const unsigned char *)bytes, size,
                                               NULL, &c->arena, &c->err);
    if (status) return true; /* the import says it with the directory of external data */
    const char *op = file.n_nodes == 1 ? file.node[0].op_type : "model";
    snprintf(c->result->op, sizeof c->result->op, "%.60s", op);
    return true;
}

/* Reads input_i.pb or output_i.pb; `name`, if any, is what the tensor calls itself. */
static bool read_tensor(suite_case *c, fdml_tensor *tensor, const char **name, const char *path)
{
    const char *bytes;
    size_t size, dim[FDML_MAX_RANK];
    fdml_onnx_tensor read;
    if (!is_fine(c, fdml_file_read(&bytes, &size, path, (size_t)1 << 31, &c->arena, &c->err)) ||
        !is_fine(c, fdml_onnx_parse_tensor(&read, path, (const unsigned char *)bytes, size,
                                           &c->arena, &c->err)))
        return false;
    for (int i = 0; i < read.rank && i < FDML_MAX_RANK; i++) dim[i] = (size_t)read.dim[i];
    if (!is_fine(
            c, fdml_tensor_shape(tensor, (fdml_type)read.type, read.rank, dim, path, &c->err)))
        return false;
    memcpy(&tensor->data, &read.data, sizeof tensor->data);
    if (name) *name = read.name;
    return true;
}

static bool is_file(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* Before IR version 9 the suite wrote bfloat16 as the uint16 of the same bits. */
static void take_bits(fdml_tensor *tensor, fdml_type declared)
{
    if (declared == FDML_TYPE_BF16 && tensor->type == FDML_TYPE_U16) tensor->type = declared;
}

/* Input i of a data set goes to the graph's input of its name, else to the i-th. */
static bool read_inputs(suite_case *c, fdml_tensor *input, const char *folder)
{
    char path[SUITE_PATH + 64];
    const fdml_graph *graph = &c->graph;
    for (size_t i = 0; i < graph->n_inputs; i++) {
        fdml_tensor tensor;
        const char *name;
        snprintf(path, sizeof path, "%s/input_%zu.pb", folder, i);
        if (!read_tensor(c, &tensor, &name, path)) return false;
        size_t at = i;
        for (size_t k = 0; k < graph->n_inputs; k++)
            if (!strcmp(name, graph->value[graph->input[k]].name)) at = k;
        input[at] = tensor;
        take_bits(&input[at], graph->value[graph->input[at]].type);
    }
    return true;
}

/* The only input of a light model, by the backend tests' recipe: item i of n is i / n. */
static bool make_input(suite_case *c, fdml_tensor *input)
{
    const fdml_graph *graph = &c->graph;
    for (size_t k = 0; k < graph->n_inputs; k++) {
        const fdml_graph_value *value = &graph->value[graph->input[k]];
        size_t dim[FDML_MAX_RANK];
        for (int d = 0; d < value->rank; d++)
            dim[d] = value->dim[d] > 0 ? (size_t)value->dim[d] : 1;
        if (!is_fine(c, fdml_tensor_shape(&input[k], value->type, value->rank, dim, value->name,
                                          &c->err)) ||
            !is_fine(c, fdml_tensor_alloc(&input[k], &c->arena, value->name, &c->err)))
            return false;
        if (input[k].type != FDML_TYPE_F32) return fail(c, "an input is not float32"), false;
        float *x = input[k].data;
        for (size_t i = 0; i < input[k].n_items; i++)
            x[i] = (float)((double)i / (double)input[k].n_items);
    }
    return true;
}

static bool compare_outputs(suite_case *c, const fdml_tensor *output, const char *prefix)
{
    char path[SUITE_PATH + 64], why[SUITE_WHY];
    for (size_t i = 0; i < c->graph.n_outputs; i++) {
        fdml_tensor expected;
        snprintf(path, sizeof path, "%soutput_%zu.pb", prefix, i);
        if (i && !is_file(path)) return true;
        if (!read_tensor(c, &expected, NULL, path)) return false;
        if (suite_compare(why, &output[i], &expected)) continue;
        char text[SUITE_WHY];
        snprintf(text, sizeof text, "output %zu: %.600s", i, why);
        return fail(c, text), false;
    }
    return true;
}

static bool run_reference(suite_case *c, const fdml_tensor *input, fdml_tensor *output)
{
    return is_fine(c, fdml_interpret(&c->graph, input, output, fdml_kernels_best(),
                                     c->options->n_threads, &c->arena, &c->err));
}

/* The plan lives until the process ends: its outputs point into it. Values of inputs are given
 * at planning, because shapes may depend on them. */
static bool run_planned(suite_case *c, const fdml_tensor *input, fdml_tensor *output)
{
    const fdml_plan_options options = { .n_threads = c->options->n_threads };
    fdml_plan *plan;
    bool needs_values = false;
    fdml_tensor *shape = fdml_arena_push(&c->arena, c->graph.n_inputs, sizeof *shape);
    for (size_t i = 0; i < c->graph.n_inputs; i++) {
        shape[i] = input[i];
        shape[i].data = NULL;
    }
    fdml_status status = fdml_plan_new(&plan, &c->graph, shape, &options, &c->err);
    if (status == FDML_E_UNSUPPORTED) needs_values = true;
    if (needs_values) status = fdml_plan_new(&plan, &c->graph, input, &options, &c->err);
    return is_fine(c, status) && is_fine(c, fdml_plan_run(plan, input, output, &c->err));
}

/* One data set, by every way that is asked for. */
static bool run_set(suite_case *c, const fdml_tensor *input, const char *prefix)
{
    fdml_tensor *output = fdml_arena_push(&c->arena, c->graph.n_outputs, sizeof *output);
    if (!output) return fail(c, "no memory"), false;
    if (c->options->is_reference &&
        (!run_reference(c, input, output) || !compare_outputs(c, output, prefix)))
        return false;
    if (c->options->is_planned &&
        (!run_planned(c, input, output) || !compare_outputs(c, output, prefix))) {
        char why[SUITE_WHY];
        snprintf(why, sizeof why, "planned: %.600s", c->result->why);
        memcpy(c->result->why, why, sizeof why);
        return false;
    }
    return true;
}

static void run_sets(suite_case *c)
{
    char folder[SUITE_PATH + 32], prefix[SUITE_PATH + 64];
    const char *path = c->test->model;
    fdml_tensor *input = fdml_arena_push(&c->arena, c->graph.n_inputs + 1, sizeof *input);
    if (!input) return fail(c, "no memory");
    if (!c->test->data[0]) {
        snprintf(prefix, sizeof prefix, "%.*s_", (int)strlen(path) - 5, path);
        if (make_input(c, input)) run_set(c, input, prefix);
        return;
    }
    for (int k = 0;; k++) {
        snprintf(folder, sizeof folder, "%s/test_data_set_%d", c->test->data, k);
        snprintf(prefix, sizeof prefix, "%s/", folder);
        if (!is_file(folder)) {
            if (!k) fail(c, "there is no test_data_set_0");
            return;
        }
        if (!read_inputs(c, input, folder) || !run_set(c, input, prefix)) return;
    }
}

static void export_and_run(suite_case *c)
{
    char why[SUITE_WHY];
    if (c->options->is_exported && !suite_export(why, &c->graph, &c->arena))
        fail(c, why);
    else
        run_sets(c);
}

static void run_here(suite_result *result, const suite_test *test, const suite_options *options)
{
    suite_case c = { .test = test, .options = options, .result = result };
    fdml_arena_init(&c.arena, 0);
    if (name_operator(&c) &&
        is_fine(&c, fdml_onnx_import(&c.graph, test->model, &c.arena, &c.err)))
        export_and_run(&c);
    fdml_arena_close(&c.arena);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Reads the child's result; false where it ends or time is up before all has come. */
static bool receive(suite_result *result, int fd, double until)
{
    char *to = (char *)result;
    size_t n = 0;
    while (n < sizeof *result) {
        const double left = until - now();
        struct pollfd waits = { .fd = fd, .events = POLLIN };
        const int ready = poll(&waits, 1, left > 0 ? (int)(1000 * left) + 1 : 0);
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) return false;
        const ssize_t some = read(fd, to + n, sizeof *result - n);
        if (some <= 0) return false;
        n += (size_t)some;
    }
    return true;
}

static void run_child(int fd, const suite_test *test, const suite_options *options)
{
    suite_result result = { .op = "model" };
    run_here(&result, test, options);
    const bool is_sent = write(fd, &result, sizeof result) == (ssize_t)sizeof result;
    _exit(is_sent ? 0 : 1);
}

void suite_run(suite_result *result, const suite_test *test, const suite_options *options)
{
    int fd[2], state = 0;
    const double start = now();
    *result = (suite_result){ .verdict = SUITE_FAILED, .op = "model" };
    if (pipe(fd)) return (void)snprintf(result->why, SUITE_WHY, "pipe: %s", strerror(errno));
    const pid_t child = fork();
    if (child == 0) {
        close(fd[0]);
        run_child(fd[1], test, options);
    }
    close(fd[1]);
    suite_result received;
    const bool is_done =
        child > 0 && receive(&received, fd[0], start + (double)options->seconds);
    close(fd[0]);
    const double seconds = now() - start;
    if (child > 0 && !is_done) kill(child, SIGKILL);
    if (child > 0) waitpid(child, &state, 0);
    if (is_done)
        *result = received;
    else if (child < 0)
        snprintf(result->why, SUITE_WHY, "fork: %s", strerror(errno));
    else if (seconds >= options->seconds)
        snprintf(result->why, SUITE_WHY, "not done after %d s", options->seconds);
    else
        snprintf(result->why, SUITE_WHY, "the process crashed (wait status %d)", state);
    result->seconds = seconds;
}
