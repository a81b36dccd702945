/* dnnl_conv.c - the convolutions of known networks in oneDNN: what each could cost at best.
 *
 *   peer_dnnl_conv [--net resnet18|resnet50|mobilenet_v2|mobilefacenet]
 *                  [--batch N] [--threads T] [--seconds S] [--isa avx2]
 *
 * Every distinct convolution of a network alone, with bias and ReLU fused, in the layout that
 * oneDNN prefers (reordering is not timed), by its direct algorithm and by Winograd's, each in
 * every implementation that oneDNN offers for the instruction set of its first, which is the
 * one it would take itself; its gemm and reference ones are left out. A line of JSON for each;
 * then one with sums over the network: each layer by its fastest implementation, and by
 * oneDNN's own first choice of direct algorithm. A layer is met again and again with its data
 * still in the cache, which a whole network does not grant: a sum is a bound, not a network's
 * time.
 *
 * 997 places of each output are compared with a double reference: |x - y| <= 1e-5 sum |w x| for
 * direct, 1e-4 of it for Winograd, whose transforms cancel. The share is of the peak as
 * bench_kernels defines it, measured right before.
 *
 * The C API of oneDNN 2, which Debian 12 has.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <omp.h>
#include <oneapi/dnnl/dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conv_layers.h"
#include "../timing.h"

#if DNNL_VERSION_MAJOR != 2
#error "dnnl_conv.c speaks the C API of oneDNN 2"
#endif

enum { MAX_RUNS = 10000, N_PLACES = 997 };

typedef struct options {
    const char *net, *isa; /* NULL: all; the best */
    int batch, threads;
    double seconds; /* of one measurement */
    const fdml_kernels *kernels;
} options;

typedef struct conv { /* one layer by one algorithm, ready to run */
    dnnl_primitive_t primitive;
    dnnl_memory_t memory[4]; /* src, weights, bias, dst, as the primitive wants them */
    dnnl_exec_arg_t args[4];
    const char *name; /* of the implementation */
} conv;

typedef struct timing {
    bool is_winograd;
    double median, best, peak, error; /* seconds, seconds, FLOP/s, |x - y| / sum |w x| */
} timing;

typedef struct buffers {
    float *src, *weights, *bias, *dst; /* plain: nchw, oihw or goihw */
    dnnl_memory_desc_t plain[4];
} buffers;

static dnnl_engine_t engine;
static dnnl_stream_t stream;

static void check(dnnl_status_t status, const char *what)
{
    if (status == dnnl_success) return;
    fprintf(stderr, "peer_dnnl_conv: %s: oneDNN status %d\n", what, (int)status);
    exit(2);
}

static buffers make_buffers(const conv_layer *l, int batch)
{
    const int out = conv_out_size(l), k = l->kernel, g = l->groups;
    const dnnl_dims_t src = { batch, l->n_in, l->size, l->size };
    const dnnl_dims_t dst = { batch, l->n_out, out, out }, bias = { l->n_out };
    const dnnl_dims_t weights = { l->n_out, l->n_in, k, k };
    const dnnl_dims_t grouped = { g, l->n_out / g, l->n_in / g, k, k };
    const size_t n_src = (size_t)batch * (size_t)l->n_in * (size_t)(l->size * l->size);
    const size_t n_dst = (size_t)batch * (size_t)l->n_out * (size_t)(out * out);
    const size_t n_weights = (size_t)l->n_out * (size_t)(l->n_in / g) * (size_t)(k * k);
    buffers b = { .src = bench_floats(n_src),
                  .weights = bench_floats(n_weights),
                  .bias = bench_floats((size_t)l->n_out),
                  .dst = bench_floats(n_dst) };
    bench_uniform(b.src, n_src, 1);
    bench_uniform(b.weights, n_weights, 2);
    bench_uniform(b.bias, (size_t)l->n_out, 3);
    check(dnnl_memory_desc_init_by_tag(&b.plain[0], 4, src, dnnl_f32, dnnl_nchw), "source");
    check(g == 1 ? dnnl_memory_desc_init_by_tag(&b.plain[1], 4, weights, dnnl_f32, dnnl_oihw)
                 : dnnl_memory_desc_init_by_tag(&b.plain[1], 5, grouped, dnnl_f32, dnnl_goihw),
          "weights");
    check(dnnl_memory_desc_init_by_tag(&b.plain[2], 1, bias, dnnl_f32, dnnl_x), "bias");
    check(dnnl_memory_desc_init_by_tag(&b.plain[3], 4, dst, dnnl_f32, dnnl_nchw), "output");
    return b;
}

static void free_buffers(buffers *b)
{
    free(b->src);
    free(b->weights);
    free(b->bias);
    free(b->dst);
}

static void reorder(dnnl_memory_t from, dnnl_memory_t to)
{
    const dnnl_memory_desc_t *from_desc, *to_desc;
    dnnl_primitive_desc_t desc;
    dnnl_primitive_t primitive;
    check(dnnl_memory_get_memory_desc(from, &from_desc), "reorder");
    check(dnnl_memory_get_memory_desc(to, &to_desc), "reorder");
    check(dnnl_reorder_primitive_desc_create(&desc, from_desc, engine, to_desc, engine, NULL),
          "reorder");
    check(dnnl_primitive_create(&primitive, desc), "reorder");
    const dnnl_exec_arg_t args[2] = { { DNNL_ARG_FROM, from }, { DNNL_ARG_TO, to } };
    check(dnnl_primitive_execute(primitive, stream, 2, args), "reorder");
    check(dnnl_stream_wait(stream), "reorder");
    dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(desc);
}

/* Walks the implementations of an algorithm; NULL where there is none. The list borrows *desc.
 */
static dnnl_primitive_desc_iterator_t list_implementations(dnnl_convolution_desc_t *desc,
                                                           const conv_layer *l,
                                                           const buffers *b,
                                                           dnnl_alg_kind_t algorithm)
{
    const dnnl_dims_t strides = { l->stride, l->stride };
    const dnnl_dims_t padding = { l->kernel / 2, l->kernel / 2 };
    dnnl_memory_desc_t any[4];
    for (int i = 0; i < 4; i++)
        check(dnnl_memory_desc_init_by_tag(&any[i], b->plain[i].ndims, b->plain[i].dims,
                                           dnnl_f32, i == 2 ? dnnl_x : dnnl_format_tag_any),
              "layout");
    /* Three planes are as a picture comes: nobody reorders them before a network. */
    if (l->n_in == 3) any[0] = b->plain[0];
    check(dnnl_convolution_forward_desc_init(desc, dnnl_forward_inference, algorithm, &any[0],
                                             &any[1], &any[2], &any[3], strides, padding,
                                             padding),
          "convolution");
    dnnl_post_ops_t after;
    dnnl_primitive_attr_t attr;
    check(dnnl_post_ops_create(&after), "post-operations");
    check(dnnl_post_ops_append_eltwise(after, 1, dnnl_eltwise_relu, 0, 0), "post-operations");
    check(dnnl_primitive_attr_create(&attr), "attributes");
    check(dnnl_primitive_attr_set_post_ops(attr, after), "attributes");
    dnnl_primitive_desc_iterator_t list = NULL;
    const dnnl_status_t status =
        dnnl_primitive_desc_iterator_create(&list, desc, attr, engine, NULL);
    dnnl_primitive_attr_destroy(attr);
    dnnl_post_ops_destroy(after);
    return status == dnnl_success ? list : NULL;
}

/* False for an implementation that is no peer. */
static bool make_conv(conv *c, const buffers *b, dnnl_primitive_desc_t desc, const char *isa)
{
    static const dnnl_query_t what[4] = { dnnl_query_src_md, dnnl_query_weights_md,
                                          dnnl_query_weights_md, dnnl_query_dst_md };
    static const int arg[4] = { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST };
    float *const from[4] = { b->src, b->weights, b->bias, b->dst };
    check(dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, (void *)&c->name),
          "name");
    const char *const colon = strchr(c->name, ':');
    if (strstr(c->name, "ref") || strstr(c->name, "gemm") || !colon) return false;
    if (*isa && strcmp(isa, colon)) return false;
    check(dnnl_primitive_create(&c->primitive, desc), "primitive");
    for (int i = 0; i < 4; i++) {
        const dnnl_memory_desc_t *const md =
            dnnl_primitive_desc_query_md(desc, what[i], i == 2 ? 1 : 0);
        check(dnnl_memory_create(&c->memory[i], md, engine, DNNL_MEMORY_ALLOCATE), "memory");
        c->args[i] = (dnnl_exec_arg_t){ arg[i], c->memory[i] };
        if (i == 3) continue;
        dnnl_memory_t plain;
        check(dnnl_memory_create(&plain, &b->plain[i], engine, from[i]), "memory");
        reorder(plain, c->memory[i]);
        dnnl_memory_destroy(plain);
    }
    return true;
}

static void free_conv(conv *c)
{
    for (int i = 0; i < 4; i++) dnnl_memory_destroy(c->memory[i]);
    dnnl_primitive_destroy(c->primitive);
}

static double run_once(const conv *c)
{
    const double start = bench_now();
    check(dnnl_primitive_execute(c->primitive, stream, 4, c->args), "run");
    check(dnnl_stream_wait(stream), "run");
    return bench_now() - start;
}

/* The output at place p of the plain layout, and the sum of absolute products, in double. */
static double reference(const conv_layer *l, const buffers *b, size_t p, double *magnitude)
{
    const int out = conv_out_size(l), k = l->kernel, per_group = l->n_in / l->groups;
    const int x = (int)(p % (size_t)out), y = (int)(p / (size_t)out % (size_t)out);
    const size_t plane = p / (size_t)(out * out), o = plane % (size_t)l->n_out;
    const size_t image = plane / (size_t)l->n_out;
    const size_t first = o / (size_t)(l->n_out / l->groups) * (size_t)per_group;
    double sum = (double)b->bias[o], sum_abs = fabs(sum);
    for (int c = 0; c < per_group; c++)
        for (int i = 0; i < k * k; i++) {
            const int yy = y * l->stride + i / k - k / 2, xx = x * l->stride + i % k - k / 2;
            if (yy < 0 || xx < 0 || yy >= l->size || xx >= l->size) continue;
            const size_t channel = image * (size_t)l->n_in + first + (size_t)c;
            const double product =
                (double)b->src[(channel * (size_t)l->size + (size_t)yy) * (size_t)l->size +
                               (size_t)xx] *
                (double)b->weights[(o * (size_t)per_group + (size_t)c) * (size_t)(k * k) +
                                   (size_t)i];
            sum += product;
            sum_abs += fabs(product);
        }
    *magnitude = sum_abs;
    return sum > 0 ? sum : 0;
}

/* The largest |x - y| / sum |w x| over some places. */
static double error_of(const conv *c, const conv_layer *l, buffers *b, int batch)
{
    dnnl_memory_t plain;
    check(dnnl_memory_create(&plain, &b->plain[3], engine, b->dst), "memory");
    reorder(c->memory[3], plain);
    dnnl_memory_destroy(plain);
    const size_t n =
        (size_t)batch * (size_t)l->n_out * (size_t)conv_out_size(l) * (size_t)conv_out_size(l);
    double worst = 0;
    for (size_t s = 0; s < N_PLACES; s++) {
        const size_t p = s * 7368787 % n; /* a prime: all over the array */
        double magnitude;
        const double wanted = reference(l, b, p, &magnitude);
        const double off = fabs((double)b->dst[p] - wanted) / magnitude;
        if (!(off <= worst)) worst = off;
    }
    return worst;
}

static void write_text(fdml_json_writer *writer, const char *key, const char *value)
{
    fdml_json_key(writer, key);
    fdml_json_string(writer, value);
}

static void write_line(const conv *c, const conv_layer *l, const options *o, const char *net,
                       const timing *t)
{
    const double flops = conv_flops(l, o->batch);
    const struct {
        const char *key;
        double value;
    } numbers[] = { { "in", l->n_in },
                    { "size", l->size },
                    { "out", l->n_out },
                    { "kernel", l->kernel },
                    { "stride", l->stride },
                    { "groups", l->groups },
                    { "count", l->count },
                    { "batch", o->batch },
                    { "threads", o->threads },
                    { "seconds", t->median },
                    { "best_seconds", t->best },
                    { "gflops", flops / t->median * 1e-9 },
                    { "share", flops / t->median / t->peak },
                    { "error", t->error } };
    fdml_json_writer writer;
    fdml_json_writer_init(&writer, stdout, 0);
    fdml_json_begin_object(&writer);
    write_text(&writer, "net", net);
    write_text(&writer, "algorithm", t->is_winograd ? "winograd" : "direct");
    write_text(&writer, "implementation", c->name);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        fdml_json_key(&writer, numbers[i].key);
        fdml_json_number(&writer, numbers[i].value);
    }
    fdml_json_end_object(&writer);
    printf("\n");
    fflush(stdout);
}

static void time_conv(timing *t, const conv *c, const conv_layer *l, const options *o,
                      buffers *b)
{
    static double taken[MAX_RUNS];
    run_once(c);
    t->error = error_of(c, l, b, o->batch);
    if (!(t->error <= (t->is_winograd ? 1e-4 : 1e-5))) {
        fprintf(stderr, "peer_dnnl_conv: %s: off by %g of the sum\n", c->name, t->error);
        exit(1);
    }
    t->peak = bench_peak(o->kernels, 0.01, o->threads);
    size_t n = 0;
    for (const double start = bench_now(); n < MAX_RUNS && bench_now() - start < o->seconds;)
        taken[n++] = run_once(c);
    t->median = bench_median(taken, n);
    t->best = taken[0]; /* bench_median has sorted them */
}

/* Times every implementation of one algorithm. Returns the fastest median, INFINITY for none;
 * *first is that of oneDNN's own choice. */
static double measure(double *first, const conv_layer *l, const options *o, buffers *b,
                      const char *net, bool is_winograd)
{
    timing t = { .is_winograd = is_winograd };
    double fastest = INFINITY;
    *first = INFINITY;
    dnnl_convolution_desc_t conv_desc;
    dnnl_primitive_desc_iterator_t list = list_implementations(
        &conv_desc, l, b, is_winograd ? dnnl_convolution_winograd : dnnl_convolution_direct);
    char isa[64] = ""; /* ":avx512_core": how the names of the first one's peers end */
    while (list) {
        conv c;
        dnnl_primitive_desc_t desc = dnnl_primitive_desc_iterator_fetch(list);
        if (make_conv(&c, b, desc, isa)) {
            time_conv(&t, &c, l, o, b);
            write_line(&c, l, o, net, &t);
            free_conv(&c);
            snprintf(isa, sizeof isa, "%s", strchr(c.name, ':'));
            fastest = fmin(fastest, t.median);
            if (isinf(*first)) *first = t.median;
        }
        dnnl_primitive_desc_destroy(desc);
        if (dnnl_primitive_desc_iterator_next(list) != dnnl_success) break;
    }
    if (list) dnnl_primitive_desc_iterator_destroy(list);
    return fastest;
}

static void measure_net(const conv_net *net, const options *o)
{
    double total = 0, direct_total = 0, flops = 0;
    for (const conv_layer *l = net->layers; l->n_in; l++) {
        buffers b = make_buffers(l, o->batch);
        double first, unused, fastest = measure(&first, l, o, &b, net->name, false);
        if (l->kernel == 3 && l->stride == 1 && l->groups == 1)
            fastest = fmin(fastest, measure(&unused, l, o, &b, net->name, true));
        free_buffers(&b);
        direct_total += l->count * first;
        total += l->count * fastest;
        flops += l->count * conv_flops(l, o->batch);
    }
    printf("{\"net\": \"%s\", \"sum\": true, \"batch\": %d, \"threads\": %d, \"isa\": \"%s\", "
           "\"version\": \"%d.%d.%d\", \"seconds\": %.6g, \"direct_seconds\": %.6g, "
           "\"gflops\": %.4g}\n",
           net->name, o->batch, o->threads, o->isa ? o->isa : "best", DNNL_VERSION_MAJOR,
           DNNL_VERSION_MINOR, DNNL_VERSION_PATCH, total, direct_total, flops / total * 1e-9);
    fflush(stdout);
}

static bool parse(options *o, int argc, char **argv)
{
    *o = (options){ .batch = 1, .threads = 1, .seconds = 0.3 };
    for (int i = 1; i < argc; i += 2) {
        const char *const name = argv[i], *const value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!value) return false;
        if (!strcmp(name, "--net"))
            o->net = value;
        else if (!strcmp(name, "--isa"))
            o->isa = value;
        else if (!strcmp(name, "--batch"))
            o->batch = atoi(value);
        else if (!strcmp(name, "--threads"))
            o->threads = atoi(value);
        else if (!strcmp(name, "--seconds"))
            o->seconds = strtod(value, NULL);
        else
            return false;
    }
    o->kernels = o->isa ? fdml_kernels_find(o->isa) : fdml_kernels_best();
    return o->batch > 0 && o->batch <= 1024 && o->threads > 0 && o->seconds > 0 && o->kernels;
}

int main(int argc, char **argv)
{
    options o;
    bool found = false;
    if (!parse(&o, argc, argv)) {
        fprintf(stderr, "usage: peer_dnnl_conv [--net NAME] [--batch N] [--threads T] "
                        "[--seconds S] [--isa avx2]\n");
        return 1;
    }
    if (o.isa && !strcmp(o.isa, "avx2"))
        check(dnnl_set_max_cpu_isa(dnnl_cpu_isa_avx2), "instruction set");
    omp_set_num_threads(o.threads);
    check(dnnl_engine_create(&engine, dnnl_cpu, 0), "engine");
    check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "stream");
    const conv_net *net;
    for (size_t i = 0; (net = conv_net_at(i)); i++) {
        if (o.net && strcmp(o.net, net->name)) continue;
        found = true;
        measure_net(net, &o);
    }
    if (!found) fprintf(stderr, "peer_dnnl_conv: no network '%s'\n", o.net);
    return found ? 0 : 1;
}
