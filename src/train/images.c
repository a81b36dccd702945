/* images.c - see images.h. One task a picture: its bytes are found or decoded, then augmented.
 *
 * The store of decoded pictures is filled in whatever order threads come, and never emptied;
 * which pictures are in it when the budget ends may differ from run to run, and shows only in
 * the time that a step takes.
 * SPDX-License-Identifier: MIT */
#include "train/images.h"

#include <string.h>

#include "base/parallel.h"
#include "base/rng.h"
#include "train/stream.h"

typedef struct slot {
    unsigned char *rgb; /* NULL: not kept; written and read under the lock */
    uint32_t width, height;
} slot;

struct fdml_images {
    fdml_images_options options;
    const fdml_pictures *pictures;
    slot *kept; /* [n_rows] */
    size_t n_kept_bytes;
    fdml_lock lock; /* of kept, n_kept_bytes and store */
    fdml_arena store, own;
    fdml_arena *scratch; /* [n_threads] */
};

fdml_status fdml_images_new(fdml_images **images, const fdml_pictures *pictures,
                            const fdml_images_options *options, fdml_error *err)
{
    fdml_arena own;
    const size_t n_rows = pictures->table.n_rows;
    FDML_TRY(fdml_augment_check(&options->augment, err));
    fdml_arena_init(&own, 0);
    fdml_images *m = fdml_arena_push_zero(&own, 1, sizeof *m);
    const int n_threads = options->n_threads ? options->n_threads : fdml_threads_default();
    fdml_arena *scratch = fdml_arena_push(&own, (size_t)n_threads, sizeof *scratch);
    slot *kept = fdml_arena_push_zero(&own, n_rows, sizeof *kept);
    if (!m || !scratch || !kept) {
        fdml_arena_close(&own);
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu pictures",
                         pictures->table.path, n_rows);
    }
    m->options = *options;
    m->options.n_threads = n_threads;
    m->pictures = pictures;
    m->kept = kept;
    m->scratch = scratch;
    for (int t = 0; t < n_threads; t++) fdml_arena_init(&scratch[t], 0);
    fdml_arena_init(&m->store, 0);
    m->own = own;
    *images = m;
    return FDML_OK;
}

void fdml_images_free(fdml_images *m)
{
    if (!m) return;
    for (int t = 0; t < m->options.n_threads; t++) fdml_arena_close(&m->scratch[t]);
    fdml_arena_close(&m->store);
    fdml_arena own = m->own; /* which m lies in */
    fdml_arena_close(&own);
}

size_t fdml_images_item(const fdml_images *m)
{
    const fdml_augment *a = &m->options.augment;
    return (a->eval.n_channels == 1 ? 1 : 3) * a->width * a->height;
}

size_t fdml_images_cached(const fdml_images *m)
{
    return m->n_kept_bytes;
}

void fdml_images_set_cache(fdml_images *m, size_t cache_bytes)
{
    m->options.cache_bytes = cache_bytes;
}

size_t fdml_images_memory(const fdml_images *m)
{
    return m->own.used;
}

size_t fdml_images_scratch(const fdml_images *m)
{
    size_t bytes = 0;
    for (int t = 0; t < m->options.n_threads; t++) bytes += m->scratch[t].peak;
    return bytes;
}

static bool find_kept(fdml_images *m, fdml_image *image, size_t row)
{
    fdml_lock_take(&m->lock);
    const slot s = m->kept[row];
    fdml_lock_drop(&m->lock);
    *image = (fdml_image){ s.width, s.height, s.rgb };
    return s.rgb != NULL;
}

/* Copies the picture to the store where the budget allows. A picture that two threads decode at
 * once is kept by the first. */
static void keep(fdml_images *m, const fdml_image *image, size_t row)
{
    const size_t size = image->width * image->height * 3;
    if (size > m->options.cache_bytes) return;
    fdml_lock_take(&m->lock);
    slot *s = &m->kept[row];
    if (!s->rgb && m->n_kept_bytes <= m->options.cache_bytes - size) {
        s->rgb = fdml_arena_push(&m->store, size, 1);
        if (s->rgb) {
            memcpy(s->rgb, image->rgb, size);
            s->width = (uint32_t)image->width, s->height = (uint32_t)image->height;
            m->n_kept_bytes += size;
        }
    }
    fdml_lock_drop(&m->lock);
}

typedef struct batch {
    fdml_images *images;
    float *planes; /* NULL: read only */
    const uint32_t *row;
    bool is_training;
    uint64_t step;
    fdml_error *error; /* [n], status FDML_OK where all went well */
} batch;

static fdml_status load(const batch *b, size_t i, fdml_arena *work, fdml_error *err)
{
    fdml_images *m = b->images;
    const fdml_augment *a = &m->options.augment;
    char path[FDML_PATH_SIZE];
    fdml_image image;
    fdml_augment_draw draw;
    FDML_TRY(fdml_pictures_path(path, m->pictures, b->row[i], err));
    if (!find_kept(m, &image, b->row[i])) {
        FDML_TRY(fdml_image_read(&image, path, &m->options.limits, work, err));
        keep(m, &image, b->row[i]);
    }
    if (!b->planes) return FDML_OK;
    if (b->is_training) {
        fdml_rng rng;
        fdml_rng_init(&rng, m->options.seed, fdml_train_stream(FDML_TRAIN_AUGMENT, b->step),
                      (uint32_t)i);
        fdml_augment_pick(&draw, a, image.width, image.height, &rng);
    }
    const fdml_augment_input input = { &image, path };
    const fdml_augment_work scratch = { m->options.kernels, work };
    return fdml_augment_run(b->planes + i * fdml_images_item(m), a,
                            b->is_training ? &draw : NULL, &input, &scratch, err);
}

static void load_one(void *ctx, size_t i, int thread)
{
    const batch *b = ctx;
    fdml_arena *work = &b->images->scratch[thread];
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    fdml_error err;
    b->error[i].status = load(b, i, work, &err);
    if (b->error[i].status) b->error[i] = err;
    fdml_arena_reset(work, mark);
}

static fdml_status run(batch *b, size_t n, fdml_error *err)
{
    fdml_images *m = b->images;
    const fdml_arena_mark mark = fdml_arena_get_mark(&m->own);
    size_t bad = 0;
    b->error = fdml_arena_push(&m->own, n, sizeof *b->error);
    if (!b->error) return fdml_fail(err, FDML_E_NOMEM, "no memory for %zu pictures", n);
    fdml_parallel(n, m->options.n_threads, load_one, b);
    while (bad < n && !b->error[bad].status) bad++;
    const fdml_status status = bad < n ? b->error[bad].status : FDML_OK;
    if (status && err) *err = b->error[bad];
    fdml_arena_reset(&m->own, mark);
    return status;
}

fdml_status fdml_images_train(fdml_images *images, float *planes, const uint32_t *row, size_t n,
                              uint64_t step, fdml_error *err)
{
    batch b = { images, planes, row, true, step, NULL };
    return run(&b, n, err);
}

fdml_status fdml_images_eval(fdml_images *images, float *planes, const uint32_t *row, size_t n,
                             fdml_error *err)
{
    batch b = { images, planes, row, false, 0, NULL };
    return run(&b, n, err);
}

fdml_status fdml_images_probe(fdml_images *images, fdml_error *error, const uint32_t *row,
                              size_t n, fdml_error *err)
{
    batch b = { images, NULL, row, false, 0, error };
    fdml_parallel(n, images->options.n_threads, load_one, &b);
    for (size_t i = 0; i < n; i++)
        if (error[i].status == FDML_E_NOMEM) {
            if (err) *err = error[i];
            return FDML_E_NOMEM;
        }
    return FDML_OK;
}
