/* bench_model.c - a network on random or given images: images a second, layer by layer on
 * request.
 *
 *   bench_model MODEL [--batch N] [--threads T] [--isa NAME] [--seconds S] [--once] [--layers]
 *               [--json] [--input IN.npy] [--output OUT.npy]
 *
 * Prints the time to load, to plan and until the first output, the median and the best of one
 * run over S seconds [2], and the memory: the process's peak resident set, and what the plan
 * itself takes. --once stops at the first output. With --json the word "first" is printed when
 * the first output is there, so that whoever started this process can take the time from its
 * start, and then one line of JSON; bench/peers/ort.js and torch_model.py print the same.
 *
 * --layers runs some more with the plan's own clock on, and tells of every step the best time,
 * the rate by the definition's multiply-adds (so Winograd may pass the peak), and the share of
 * the peak, which is that of bench_kernels, the best measured between these runs.
 *
 * IN.npy is float32 [at least N, ...]; without it the input is uniform on [-1, 1) and of the
 * shape that the model declares. OUT.npy gets the first output as [N, rest].
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/parallel.h"
#include "data/npy.h"
#include "data/npy_write.h"
#include "model/model.h"
#include "model/plan.h"
#include "timing.h"

#define WARM_UP 0.2 /* of --seconds */
#define PEAK_SECONDS 2e-3
enum { MAX_RUNS = 100000, MIN_RUNS = 3, LAYER_RUNS = 25 };

typedef struct options {
    const char *model, *isa, *input, *output;
    const fdml_kernels *kernels;
    size_t batch, n_threads;
    double seconds;
    bool is_once, has_layers, is_json;
} options;

typedef struct bench {
    fdml_model model;
    fdml_plan *plan;
    fdml_tensor input, output;
    double load_seconds, plan_seconds, first_seconds; /* the last: since main began */
    double median, best;
    size_t n_runs;
} bench;

static const char usage[] =
    "usage: bench_model MODEL [--batch N] [--threads T] [--isa NAME] [--seconds S] [--once]\n"
    "                   [--layers] [--json] [--input IN.npy] [--output OUT.npy]\n";

static void die(const char *what)
{
    fprintf(stderr, "bench_model: %s\n", what);
    exit(2);
}

static void must(fdml_status status, const fdml_error *err)
{
    if (status != FDML_OK) die(err->text);
}

static bool parse_size(const char *text, size_t limit, size_t *value)
{
    char *end;
    const unsigned long long number = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || number == 0 || number > limit) return false;
    *value = (size_t)number;
    return true;
}

static bool parse_seconds(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    return end != text && !*end && *value > 0 && *value < 1e5;
}

/* One option that takes a value. */
static bool parse_value(options *o, const char *name, const char *value)
{
    if (!value) return false;
    if (!strcmp(name, "--batch")) return parse_size(value, 1 << 16, &o->batch);
    if (!strcmp(name, "--threads")) return parse_size(value, 1024, &o->n_threads);
    if (!strcmp(name, "--seconds")) return parse_seconds(value, &o->seconds);
    if (!strcmp(name, "--isa")) return (o->isa = value) != NULL;
    if (!strcmp(name, "--input")) return (o->input = value) != NULL;
    if (!strcmp(name, "--output")) return (o->output = value) != NULL;
    return false;
}

static bool parse(options *o, int argc, char **argv)
{
    *o = (options){ .batch = 1, .seconds = 2, .n_threads = (size_t)fdml_threads_default() };
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--once"))
            o->is_once = true;
        else if (!strcmp(argv[i], "--layers"))
            o->has_layers = true;
        else if (!strcmp(argv[i], "--json"))
            o->is_json = true;
        else if (argv[i][0] != '-' && !o->model)
            o->model = argv[i];
        else if (parse_value(o, argv[i], i + 1 < argc ? argv[i + 1] : NULL))
            i++;
        else
            return false;
    }
    o->kernels = o->isa ? fdml_kernels_find(o->isa) : fdml_kernels_best();
    if (o->model && !o->kernels) die("this instruction set does not run here");
    return o->model != NULL;
}

/* The first `batch` rows of the file. */
static void read_input(fdml_tensor *input, const options *o)
{
    fdml_map map;
    fdml_npy npy;
    fdml_error err;
    must(fdml_file_map(&map, o->input, &err), &err);
    must(fdml_npy_parse(&npy, map.data, map.size, o->input, &err), &err);
    must(fdml_npy_check_size(&npy, map.size, o->input, &err), &err);
    if (strcmp(npy.descr, "<f4") || npy.is_fortran || npy.is_big_endian)
        die("--input: float32 in C order is needed");
    if (npy.n_dims < 1 || npy.n_dims > FDML_MAX_RANK || npy.shape[0] < o->batch)
        die("--input: too few rows for --batch, or too many dimensions");
    npy.shape[0] = o->batch;
    must(fdml_tensor_shape(input, FDML_TYPE_F32, npy.n_dims, npy.shape, o->input, &err), &err);
    input->data = bench_floats(input->n_items);
    memcpy(input->data, map.data + npy.data_offset, fdml_tensor_size(input));
    fdml_file_unmap(&map);
}

static void make_input(fdml_tensor *input, const options *o, const fdml_graph *graph)
{
    const fdml_graph_value *const value = &graph->value[graph->input[0]];
    size_t dim[FDML_MAX_RANK];
    fdml_error err;
    if (value->rank < 1) die("the model declares no shape of its input: give --input");
    for (int i = 0; i < value->rank; i++) {
        if (i > 0 && value->dim[i] < 0) die("the input's shape is free: give --input");
        dim[i] = i ? (size_t)value->dim[i] : o->batch;
    }
    must(fdml_tensor_shape(input, FDML_TYPE_F32, value->rank, dim, o->model, &err), &err);
    input->data = bench_floats(input->n_items);
    bench_uniform(input->data, input->n_items, 1);
}

static void write_output(const options *o, const fdml_tensor *output)
{
    static fdml_output file;
    fdml_error err;
    const size_t n_rows = output->rank && output->dim[0] ? output->dim[0] : 1;
    if (output->type != FDML_TYPE_F32) die("--output: the model's output is not of float32");
    must(fdml_output_open(&file, o->output, NULL, &err), &err);
    must(fdml_npy_write(file.file, output->data, n_rows, output->n_items / n_rows, &err), &err);
    must(fdml_output_commit(&file, &err), &err);
}

static double run_once(bench *b)
{
    static fdml_tensor output[256];
    fdml_error err;
    const double start = bench_now();
    must(fdml_plan_run(b->plan, &b->input, output, &err), &err);
    const double taken = bench_now() - start;
    b->output = output[0];
    return taken;
}

static void set_up(bench *b, const options *o, double began)
{
    const fdml_plan_options how = { .kernels = o->kernels, .n_threads = (int)o->n_threads };
    fdml_error err;
    double start = bench_now();
    must(fdml_model_open(&b->model, o->model, &err), &err);
    b->load_seconds = bench_now() - start;
    if (b->model.graph.n_inputs != 1 || b->model.graph.n_outputs > 256)
        die("a model of one input and at most 256 outputs is needed");
    if (o->input)
        read_input(&b->input, o);
    else
        make_input(&b->input, o, &b->model.graph);
    fdml_tensor shape = b->input;
    shape.data = NULL; /* values would be folded */
    start = bench_now();
    must(fdml_plan_new(&b->plan, &b->model.graph, &shape, &how, &err), &err);
    b->plan_seconds = bench_now() - start;
    run_once(b);
    b->first_seconds = bench_now() - began;
    if (!o->is_json) return;
    printf("first\n");
    fflush(stdout);
}

static void time_runs(bench *b, double seconds)
{
    static double taken[MAX_RUNS];
    const double warm = bench_now();
    do run_once(b);
    while (bench_now() - warm < WARM_UP * seconds);
    const double start = bench_now();
    while (b->n_runs < MAX_RUNS && (b->n_runs < MIN_RUNS || bench_now() - start < seconds))
        taken[b->n_runs++] = run_once(b);
    b->median = bench_median(taken, b->n_runs);
    b->best = taken[0]; /* bench_median has sorted them */
}

typedef struct layers {
    size_t n;
    double *seconds; /* [n] best times */
    double total;    /* of the best */
    double peak;     /* FLOP/s */
} layers;

static layers time_layers(bench *b, const options *o)
{
    layers l = { .n = fdml_plan_n_steps(b->plan) };
    l.seconds = malloc((l.n + 1) * sizeof *l.seconds);
    if (!l.seconds) die("no memory for the steps");
    for (size_t s = 0; s < l.n; s++) l.seconds[s] = INFINITY;
    fdml_plan_time_steps(b->plan, true);
    for (size_t r = 0; r < LAYER_RUNS; r++) {
        l.peak = fmax(l.peak, bench_peak(o->kernels, PEAK_SECONDS, (int)o->n_threads));
        run_once(b);
        for (size_t s = 0; s < l.n; s++) {
            fdml_plan_step_info info;
            fdml_plan_get_step(&info, b->plan, s);
            l.seconds[s] = fmin(l.seconds[s], info.seconds);
        }
    }
    fdml_plan_time_steps(b->plan, false);
    for (size_t s = 0; s < l.n; s++) l.total += l.seconds[s];
    return l;
}

static void print_layers(const layers *l, const bench *b)
{
    char shape[FDML_SHAPE_TEXT];
    double flops = 0;
    printf("%4s  %-36s %-26s %-16s %-20s %9s %6s %9s %8s\n", "step", "name", "op", "algorithm",
           "output", "ms", "time", "GFLOP/s", "of peak");
    for (size_t s = 0; s < l->n; s++) {
        fdml_plan_step_info info;
        fdml_plan_get_step(&info, b->plan, s);
        const size_t length = strlen(info.name);
        flops += info.flops;
        printf("%4zu  %-36s %-26s %-16s %-20s %9.4f %5.1f%%", s,
               info.name + (length > 36 ? length - 36 : 0), info.op, info.algorithm,
               fdml_tensor_shape_text(&info.output, shape), 1e3 * l->seconds[s],
               100 * l->seconds[s] / l->total);
        if (info.flops > 0)
            printf(" %9.1f %7.1f%%\n", info.flops / l->seconds[s] * 1e-9,
                   100 * info.flops / l->seconds[s] / l->peak);
        else
            printf(" %9s %8s\n", "-", "-");
    }
    printf("all steps: %.4f ms, %.3f GFLOP, %.1f GFLOP/s, %.1f%% of the peak of %.1f\n",
           1e3 * l->total, flops * 1e-9, flops / l->total * 1e-9,
           100 * flops / l->total / l->peak, l->peak * 1e-9);
}

static void write_number(fdml_json_writer *writer, const char *key, double value)
{
    fdml_json_key(writer, key);
    fdml_json_number(writer, value);
}

static void write_text(fdml_json_writer *writer, const char *key, const char *value)
{
    fdml_json_key(writer, key);
    fdml_json_string(writer, value);
}

static void write_layers(fdml_json_writer *writer, const layers *l, const bench *b)
{
    char shape[FDML_SHAPE_TEXT];
    write_number(writer, "peak_gflops", l->peak * 1e-9);
    fdml_json_key(writer, "layers");
    fdml_json_begin_array(writer);
    for (size_t s = 0; s < l->n; s++) {
        fdml_plan_step_info info;
        fdml_plan_get_step(&info, b->plan, s);
        fdml_json_begin_object(writer);
        write_text(writer, "name", info.name);
        write_text(writer, "op", info.op);
        write_text(writer, "algorithm", info.algorithm);
        write_text(writer, "output", fdml_tensor_shape_text(&info.output, shape));
        write_number(writer, "seconds", l->seconds[s]);
        write_number(writer, "flops", info.flops);
        fdml_json_end_object(writer);
    }
    fdml_json_end_array(writer);
}

static void write_json(const bench *b, const options *o, const layers *l)
{
    fdml_plan_memory memory;
    fdml_plan_get_memory(&memory, b->plan);
    const struct {
        const char *key;
        double value;
    } numbers[] = { { "batch", (double)o->batch },
                    { "threads", (double)o->n_threads },
                    { "load_seconds", b->load_seconds },
                    { "plan_seconds", b->plan_seconds },
                    { "first_seconds", b->first_seconds },
                    { "runs", (double)b->n_runs },
                    { "seconds", b->n_runs ? b->median : NAN },
                    { "best_seconds", b->n_runs ? b->best : NAN },
                    { "images_per_second", b->n_runs ? (double)o->batch / b->median : NAN },
                    { "peak_bytes", bench_peak_bytes() },
                    { "weights_bytes", (double)memory.weights },
                    { "buffer_bytes", (double)memory.buffer },
                    { "scratch_bytes", (double)memory.scratch } };
    fdml_json_writer writer;
    fdml_json_writer_init(&writer, stdout, 0);
    fdml_json_begin_object(&writer);
    write_text(&writer, "bench", "model");
    write_text(&writer, "model", o->model);
    write_text(&writer, "isa", o->kernels->isa);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        write_number(&writer, numbers[i].key, numbers[i].value);
    bench_write_machine(&writer);
    if (l) write_layers(&writer, l, b);
    fdml_json_end_object(&writer);
    printf("\n");
}

static void print_text(const bench *b, const options *o)
{
    fdml_plan_memory memory;
    fdml_plan_get_memory(&memory, b->plan);
    printf("%s: batch %zu, %zu threads, %s\n", o->model, o->batch, o->n_threads,
           o->kernels->isa);
    if (b->n_runs)
        printf("%.1f images/s: %.3f ms a run, best %.3f, %zu runs\n",
               (double)o->batch / b->median, 1e3 * b->median, 1e3 * b->best, b->n_runs);
    printf("load %.1f ms, plan %.1f ms, start to first output %.1f ms\n", 1e3 * b->load_seconds,
           1e3 * b->plan_seconds, 1e3 * b->first_seconds);
    printf("peak memory %.1f MiB; weights %.1f, buffer %.1f, scratch %.1f MiB\n",
           bench_peak_bytes() / 0x1p20, (double)memory.weights / 0x1p20,
           (double)memory.buffer / 0x1p20, (double)memory.scratch / 0x1p20);
}

int main(int argc, char **argv)
{
    const double began = bench_now();
    static bench b;
    options o;
    if (!parse(&o, argc, argv)) {
        fprintf(stderr, usage);
        return 1;
    }
    set_up(&b, &o, began);
    if (o.output) write_output(&o, &b.output);
    if (!o.is_once) time_runs(&b, o.seconds);
    layers l = { 0 };
    if (o.has_layers) l = time_layers(&b, &o);
    if (o.is_json)
        write_json(&b, &o, o.has_layers ? &l : NULL);
    else
        print_text(&b, &o);
    if (o.has_layers && !o.is_json) print_layers(&l, &b);
    free(l.seconds);
    fdml_plan_free(b.plan);
    fdml_model_close(&b.model);
    return 0;
}
