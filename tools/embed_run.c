/* embed_run.c - chunks of images: decoded by all threads, then run through the network by all.
 *
 * The two phases take turns. A thread of its own for decoding would compete with inference for
 * the same cores: there is no waiting in either phase that it could fill, because files come
 * from the page cache or are asked for a chunk ahead. A chunk holds many times as many images
 * as there are threads, so that none idles for long at the end of a phase.
 *
 * Chunks are cut by the number of images and their size alone. Every image has its own slot,
 * and rows leave in order. SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "embed_check.h"

enum { CHUNK_BYTES = 64 << 20, CHUNK_PER_THREAD = 32 };

typedef struct chunk {
    const embed_job *job;
    size_t capacity, first, n;
    float *input;        /* [capacity, item] */
    bool *is_read;       /* [capacity] false: error[i] says why */
    fdml_error *error;   /* [capacity] */
    fdml_arena *scratch; /* [n_threads] */
    float *planes;       /* [n_threads, item] for a network that wants channels last */
    float *row;          /* [dim] */
} chunk;

/* Images of a chunk: whole batches, at least one. */
static size_t chunk_images(const embed_net *net, int n_threads)
{
    const size_t fits = CHUNK_BYTES / sizeof(float) / net->item;
    size_t n = (size_t)n_threads * CHUNK_PER_THREAD;
    if (n > fits) n = fits;
    return n > net->batch ? n / net->batch * net->batch : net->batch;
}

size_t embed_run_memory(const embed_net *net, int n_threads)
{
    const size_t n = chunk_images(net, n_threads);
    const size_t per_image = net->item * sizeof(float) + sizeof(bool) + sizeof(fdml_error);
    const size_t planes = net->input.rank == 4 ? net->item * sizeof(float) : 0;
    return n * per_image + (size_t)n_threads * planes;
}

static void to_channels_last(float *out, const float *planes, const embed_shape *row)
{
    const size_t n = row->dim[0] * row->dim[1], n_channels = row->dim[2];
    for (size_t c = 0; c < n_channels; c++)
        for (size_t i = 0; i < n; i++) out[i * n_channels + c] = planes[c * n + i];
}

static fdml_status load_picture(float *out, const chunk *c, size_t row, int thread,
                                fdml_error *err)
{
    const embed_job *job = c->job;
    const embed_recipe *recipe = job->recipe;
    const fdml_image_limits limits = { job->settings->max_file,
                                       (size_t)job->settings->max_pixels };
    fdml_arena *work = &c->scratch[thread];
    fdml_image image;
    char path[FDML_PATH_SIZE];
    size_t width, height;
    FDML_TRY(fdml_pictures_path(path, &job->images->pictures, row, err));
    FDML_TRY(fdml_image_read(&image, path, &limits, work, err));
    FDML_TRY(fdml_preprocess_size(&width, &height, &recipe->steps, image.width, image.height,
                                  path, err));
    float *planes = recipe->is_nhwc ? c->planes + (size_t)thread * job->net->item : out;
    FDML_TRY(
        fdml_preprocess_run(planes, &recipe->steps, &image, path, job->kernels, work, err));
    if (recipe->is_nhwc) to_channels_last(out, planes, &recipe->row);
    return FDML_OK;
}

/* The disk works on the next chunk while the network is busy with this one. */
static void ask_ahead(const chunk *c, size_t row)
{
    char path[FDML_PATH_SIZE];
    const embed_images *images = c->job->images;
    if (row < images->n_rows && !fdml_pictures_path(path, &images->pictures, row, NULL))
        fdml_file_ask(path);
}

static void load_one(void *ctx, size_t i, int thread)
{
    chunk *c = ctx;
    const embed_job *job = c->job;
    float *out = c->input + i * job->net->item;
    c->is_read[i] = false;
    if (cli_noted_signal()) return;
    if (job->images->is_array) {
        embed_array_load(out, job->recipe, job->images, c->first + i);
        c->is_read[i] = true;
        return;
    }
    ask_ahead(c, c->first + i + c->capacity);
    const fdml_arena_mark mark = fdml_arena_get_mark(&c->scratch[thread]);
    c->is_read[i] = !load_picture(out, c, c->first + i, thread, &c->error[i]);
    fdml_arena_reset(&c->scratch[thread], mark);
}

void embed_unit_length(float *row, size_t dim)
{
    double sum = 0;
    for (size_t d = 0; d < dim; d++) sum += (double)row[d] * row[d];
    const double length = sqrt(sum);
    for (size_t d = 0; d < dim && length > 0; d++) row[d] = (float)(row[d] / length);
}

/* Images at input[from..from+n) through the network; `row` names them. */
static fdml_status run_batch(chunk *c, size_t from, size_t n, const size_t *row,
                             fdml_error *err)
{
    const embed_job *job = c->job;
    embed_net *net = job->net;
    fdml_tensor input = net->input, output;
    input.data = c->input + from * net->item;
    FDML_TRY(fdml_plan_run(net->plan, &input, &output, err));
    if (job->layers) embed_layers_add(job->layers, net->plan);
    for (size_t i = 0; i < n; i++) {
        memcpy(c->row, (const float *)output.data + i * net->dim, net->dim * sizeof *c->row);
        if (job->settings->normalize) embed_unit_length(c->row, net->dim);
        job->row(job->ctx, row[i], c->row);
    }
    return FDML_OK;
}

/* Moves the images that could be read together; `kept` gets their rows. Stops before the first
 * that could not where such an image is an error. */
static size_t gather(const chunk *c, size_t *kept, const fdml_error **bad)
{
    const embed_job *job = c->job;
    const size_t item = job->net->item;
    size_t n = 0;
    *bad = NULL;
    for (size_t i = 0; i < c->n && !*bad; i++) {
        if (c->is_read[i]) {
            if (n != i)
                memcpy(c->input + n * item, c->input + i * item, item * sizeof *c->input);
            kept[n++] = c->first + i;
        } else if (!job->settings->skip_bad || c->error[i].status == FDML_E_NOMEM) {
            *bad = &c->error[i];
        }
    }
    return n;
}

/* Pictures of rows `from` to `to` that are left out, told in order between the others. */
static void tell_skipped(const chunk *c, size_t from, size_t to)
{
    for (size_t row = from; row < to; row++)
        if (!c->is_read[row - c->first])
            c->job->skip(c->job->ctx, row, c->error[row - c->first].text);
}

static fdml_status run_chunk(chunk *c, size_t *kept, size_t total, fdml_error *err)
{
    const embed_job *job = c->job;
    const fdml_error *bad;
    const size_t batch = job->net->batch, n = gather(c, kept, &bad);
    size_t done = c->first;
    for (size_t from = 0; from < n && !cli_noted_signal(); from += batch) {
        const size_t n_batch = n - from < batch ? n - from : batch;
        for (size_t i = from; i < from + n_batch; i++) {
            tell_skipped(c, done, kept[i]);
            done = kept[i] + 1;
        }
        FDML_TRY(run_batch(c, from, n_batch, kept + from, err));
        job->pause(job->ctx, done);
        fdml_progress_report(job->progress, "embedding", (double)done, (double)total);
    }
    if (cli_noted_signal()) return FDML_OK;
    if (bad) {
        if (err) *err = *bad;
        return bad->status;
    }
    tell_skipped(c, done, c->first + c->n);
    job->pause(job->ctx, c->first + c->n);
    return FDML_OK;
}

/* A slot left over from another chunk must hold numbers, for a batch that is not full is run
 * with what stands there. */
static fdml_status open_chunk(chunk *c, size_t **kept, fdml_arena *arena, fdml_error *err)
{
    const embed_job *job = c->job;
    const size_t n = c->capacity, n_threads = (size_t)job->n_threads;
    if (n <= SIZE_MAX / sizeof(float) / job->net->item)
        c->input = fdml_arena_push_zero(arena, n * job->net->item, sizeof *c->input);
    c->is_read = fdml_arena_push(arena, n, sizeof *c->is_read);
    c->error = fdml_arena_push_zero(arena, n, sizeof *c->error);
    c->scratch = fdml_arena_push(arena, n_threads, sizeof *c->scratch);
    c->planes = c->input;
    if (job->recipe->is_nhwc)
        c->planes = fdml_arena_push(arena, n_threads * job->net->item, sizeof *c->planes);
    c->row = fdml_arena_push(arena, job->net->dim, sizeof *c->row);
    *kept = fdml_arena_push(arena, n, sizeof **kept);
    if (!c->input || !c->is_read || !c->error || !c->scratch || !c->planes || !c->row || !*kept)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for %zu images of %zu floats", n,
                         job->net->item);
    for (size_t t = 0; t < n_threads; t++)
        fdml_arena_init(&c->scratch[t], job->max_memory / n_threads);
    return FDML_OK;
}

static fdml_status run_all(chunk *c, size_t first, size_t n, size_t *kept, fdml_error *err)
{
    const embed_job *job = c->job;
    const size_t total = job->images->n_rows;
    for (size_t i = 0; i < n && !cli_noted_signal(); i += c->n) {
        c->first = first + i;
        c->n = n - i < c->capacity ? n - i : c->capacity;
        fdml_parallel(c->n, job->n_threads, load_one, c);
        if (cli_noted_signal()) break;
        FDML_TRY(run_chunk(c, kept, total, err));
    }
    return FDML_OK;
}

fdml_status embed_run(const embed_job *job, size_t first, size_t n, fdml_error *err)
{
    fdml_arena arena;
    size_t *kept;
    chunk c = { .job = job, .capacity = chunk_images(job->net, job->n_threads) };
    fdml_arena_init(&arena, 0);
    fdml_status status = open_chunk(&c, &kept, &arena, err);
    if (!status) {
        status = run_all(&c, first, n, kept, err);
        for (int t = 0; t < job->n_threads; t++) fdml_arena_close(&c.scratch[t]);
    }
    fdml_arena_close(&arena);
    return status;
}
