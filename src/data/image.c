/* image.c - see image.h. The one place that knows stb_image.
 *
 * stb_image is compiled here, static, with its memory taken from the caller's arena under a
 * budget that follows from the header: a PNG whose data unfold to more than its own size says
 * is stopped there. The memory starts as zeros, because a JPEG whose scans leave blocks out
 * would else show what was there before, and its bits would change from run to run.
 *
 * A truncated JPEG decodes without complaint in stb_image, the rest grey. So it reads through a
 * callback that notices when more is asked for than there is: a complete file ends with a
 * marker past which nothing is read. PIL refuses the same files.
 *
 * Of a JPEG, stb_image does the markers and the entropy coding. The inverse DCT hangs on its
 * hook, blocks are collected for the kernel that does four at a time, and what follows is in
 * jpeg_planes.c: so the pixels are libjpeg's, which stb_image's own differ from by up to 3, and
 * by more at the right edge of a 4:2:2 picture.
 * SPDX-License-Identifier: MIT */
#include "data/image.h"

#include <limits.h>
#include <string.h>

#include "base/file.h"
#include "data/image_check.h"
#include "data/jpeg_planes.h"
#include "data/pnm.h"

enum { MAX_SIDE = 1 << 24 }; /* stb_image's own */
enum { BATCH = 32 }; /* blocks: what a call of the kernel costs is then lost in its work */

/* Of the decode that runs on this thread. */
typedef struct scratch {
    fdml_arena *arena;
    size_t left; /* bytes that stb_image may still ask for */
    unsigned char
        *picture; /* where the result belongs: handed out for the request of its size */
    size_t picture_size;
    bool is_over, is_full; /* the budget, or the arena, did not suffice */

    const fdml_kernels *kernels; /* of a JPEG */
    size_t n_blocks;
    fdml_block block[BATCH];
    int16_t coefficients[BATCH * 64];
} scratch;

static _Thread_local scratch *current;

static void *take(size_t size)
{
    scratch *s = current;
    if (size == s->picture_size && s->picture) {
        unsigned char *picture = s->picture;
        s->picture = NULL;
        return picture;
    }
    if (size > s->left) {
        s->is_over = true;
        return NULL;
    }
    s->left -= size;
    void *memory = fdml_arena_push_zero(s->arena, size, 1);
    s->is_full = !memory;
    return memory;
}

static void *take_again(void *old, size_t old_size, size_t size)
{
    void *memory = take(size);
    if (memory && old) memcpy(memory, old, old_size < size ? old_size : size);
    return memory;
}

#define STBI_MALLOC(size) take(size)
#define STBI_REALLOC_SIZED(old, old_size, size) take_again(old, old_size, size)
#define STBI_FREE(memory) ((void)(memory)) /* the arena takes all back at once */
#define STBI_ONLY_JPEG
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_SIMD /* what it has of that is replaced by kernels */
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#if __has_include(<stb/stb_image.h>)
#include <stb/stb_image.h>
#else
#include <stb_image.h>
#endif

const fdml_image_limits fdml_image_default_limits = { .max_file = (size_t)64 << 20,
                                                      .max_pixels = 178956970 };

typedef struct source {
    const char *name;
    const unsigned char *bytes;
    size_t size, at;
    bool is_past_end; /* bytes were asked for that are not there */
    fdml_image_kind kind;
} source;

static int read_some(void *user, char *to, int wanted)
{
    source *s = user;
    const size_t left = s->size - s->at, n = left < (size_t)wanted ? left : (size_t)wanted;
    memcpy(to, s->bytes + s->at, n);
    s->at += n;
    if (!n && wanted) s->is_past_end = true;
    return (int)n;
}

static void skip_some(void *user, int n)
{
    source *s = user;
    const size_t left = s->size - s->at;
    s->at += n > 0 && (size_t)n < left ? (size_t)n : n > 0 ? left : 0;
}

static int is_at_end(void *user)
{
    const source *s = user;
    return s->at == s->size;
}

static fdml_status check_size(size_t width, size_t height, const source *s,
                              const fdml_image_limits *limits, fdml_error *err)
{
    if (!width || !height)
        return fdml_fail(err, FDML_E_FORMAT, "%s: damaged %s: no size in its header", s->name,
                         fdml_image_kind_name(s->kind));
    if (width > MAX_SIDE || height > MAX_SIDE)
        return fdml_fail(err, FDML_E_LIMIT, "%s: %zu x %zu pixels, the limit is %d for a side",
                         s->name, width, height, MAX_SIDE);
    if (height <= limits->max_pixels / width) return FDML_OK;
    return fdml_fail(err, FDML_E_LIMIT, "%s: %zu x %zu pixels, the limit is %zu", s->name,
                     width, height, limits->max_pixels);
}

/* Bytes that decoding may take. Per pixel of the picture padded to JPEG's largest unit of 32 x
 * 32: a JPEG of four components takes 4 * (1 + 2) and rows; a PNG of four sixteen-bit channels
 * unfolds to 8, again where the first guess was too small for its interlaced form, is put
 * together twice and converted twice: 8 + 16 + 8 + 8 + 4 + 3. The compressed data of a PNG are
 * collected by doubling, which takes less than four times the file. */
static size_t decode_budget(size_t width, size_t height, size_t file_size)
{
    const size_t pixels = (width + 31) / 32 * 32 * ((height + 31) / 32 * 32);
    return 64 * pixels + 4 * file_size + ((size_t)1 << 20);
}

static fdml_status explain(const source *s, const scratch *memory, fdml_error *err)
{
    const char *kind = fdml_image_kind_name(s->kind), *reason = stbi_failure_reason();
    if (memory->is_full)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory to decode it", s->name);
    if (memory->is_over)
        return fdml_fail(err, FDML_E_FORMAT,
                         "%s: damaged %s: holds more than its header announces", s->name, kind);
    if (s->is_past_end)
        return fdml_fail(err, FDML_E_FORMAT,
                         "%s: truncated %s: ends before the picture does, at byte %zu", s->name,
                         kind, s->size);
    return fdml_fail(err, FDML_E_FORMAT, "%s: damaged %s: %s", s->name, kind,
                     reason ? reason : "cannot be decoded");
}

static fdml_status push_picture(fdml_image *image, const source *s, fdml_arena *arena,
                                fdml_error *err)
{
    image->rgb = fdml_arena_push(arena, image->width * image->height, 3);
    if (image->rgb) return FDML_OK;
    return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu x %zu pixels", s->name,
                     image->width, image->height);
}

static void transform_blocks(scratch *s)
{
    s->kernels->idct_blocks(s->block, s->coefficients, s->n_blocks);
    s->n_blocks = 0;
}

/* stb_image's hook: one block, whose coefficients it will overwrite. */
static void collect_block(stbi_uc *out, int row_stride, short data[64])
{
    scratch *s = current;
    s->block[s->n_blocks] = (fdml_block){ out, (size_t)row_stride };
    memcpy(s->coefficients + 64 * s->n_blocks, data, 64 * sizeof *data);
    if (++s->n_blocks == BATCH) transform_blocks(s);
}

/* What three components are is told by JFIF's marker, else by Adobe's, else by their names. */
static fdml_jpeg_colour find_colour(const stbi__jpeg *jpeg)
{
    const int adobe = jpeg->app14_color_transform; /* -1: no such marker */
    if (jpeg->s->img_n == 1) return FDML_JPEG_GREY;
    if (jpeg->s->img_n == 4) return adobe > 0 ? FDML_JPEG_YCCK : FDML_JPEG_CMYK;
    if (jpeg->jfif) return FDML_JPEG_YCC;
    return (adobe >= 0 ? adobe == 0 : jpeg->rgb == 3) ? FDML_JPEG_RGB : FDML_JPEG_YCC;
}

static bool join_planes(fdml_image *image, const stbi__jpeg *jpeg, const scratch *memory)
{
    fdml_jpeg_planes planes = { image->width, image->height, find_colour(jpeg), { { 0 } } };
    for (int i = 0; i < jpeg->s->img_n; i++)
        planes.plane[i] =
            (fdml_jpeg_plane){ .samples = jpeg->img_comp[i].data,
                               .width = (size_t)jpeg->img_comp[i].x,
                               .height = (size_t)jpeg->img_comp[i].y,
                               .row_stride = (size_t)jpeg->img_comp[i].w2,
                               .across = (size_t)(jpeg->img_h_max / jpeg->img_comp[i].h),
                               .down = (size_t)(jpeg->img_v_max / jpeg->img_comp[i].v) };
    return fdml_jpeg_to_rgb(image->rgb, &planes, memory->kernels, memory->arena);
}

static const stbi_io_callbacks callbacks = { read_some, skip_some, is_at_end };

static fdml_status load_jpeg(fdml_image *image, source *s, scratch *memory, fdml_error *err)
{
    stbi__context context;
    stbi__start_callbacks(&context, (stbi_io_callbacks *)(uintptr_t)&callbacks, s);
    stbi__jpeg *jpeg = take(sizeof *jpeg);
    if (!jpeg) return explain(s, memory, err);
    jpeg->s = &context;
    stbi__setup_jpeg(jpeg);
    jpeg->idct_block_kernel = collect_block;
    if (!stbi__decode_jpeg_image(jpeg) || s->is_past_end || context.img_x != image->width ||
        context.img_y != image->height)
        return explain(s, memory, err);
    if (memory->n_blocks) transform_blocks(memory);
    memory->is_full = !join_planes(image, jpeg, memory);
    return memory->is_full ? explain(s, memory, err) : FDML_OK;
}

static fdml_status load_other(fdml_image *image, source *s, scratch *memory, fdml_error *err)
{
    int w = 0, h = 0, n = 0;
    const size_t size = image->width * image->height * 3;
    memory->picture = image->rgb, memory->picture_size = size;
    const unsigned char *rgb = stbi_load_from_callbacks(&callbacks, s, &w, &h, &n, 3);
    if (!rgb || s->is_past_end || (size_t)w != image->width || (size_t)h != image->height)
        return explain(s, memory, err);
    if (rgb != image->rgb) memcpy(image->rgb, rgb, size);
    return FDML_OK;
}

/* JPEG, PNG, BMP. What is left in the arena is the picture, or on failure whatever the caller
 * resets. */
static fdml_status decode_stb(fdml_image *image, source *s, const fdml_image_limits *limits,
                              fdml_arena *arena, fdml_error *err)
{
    fdml_image_header header = { .kind = s->kind };
    FDML_TRY(fdml_image_check(&header, s->bytes, s->size, s->name, err));
    image->width = header.width, image->height = header.height;
    FDML_TRY(check_size(image->width, image->height, s, limits, err));
    FDML_TRY(push_picture(image, s, arena, err));
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    scratch memory;
    memory = (scratch){ .arena = arena, .kernels = fdml_kernels_best() };
    memory.left = decode_budget(image->width, image->height, s->size);
    current = &memory;
    FDML_TRY(s->kind == FDML_IMAGE_JPEG ? load_jpeg(image, s, &memory, err)
                                        : load_other(image, s, &memory, err));
    fdml_arena_reset(arena, mark);
    return FDML_OK;
}

static fdml_status decode_pnm(fdml_image *image, const source *s,
                              const fdml_image_limits *limits, fdml_arena *arena,
                              fdml_error *err)
{
    fdml_pnm pnm;
    FDML_TRY(fdml_pnm_open(&pnm, s->bytes, s->size, s->name, err));
    image->width = pnm.width, image->height = pnm.height;
    FDML_TRY(check_size(image->width, image->height, s, limits, err));
    FDML_TRY(push_picture(image, s, arena, err));
    return fdml_pnm_read(image->rgb, &pnm, err);
}

static fdml_status decode_any(fdml_image *image, source *s, const fdml_image_limits *limits,
                              fdml_arena *arena, fdml_error *err)
{
    if (s->kind == FDML_IMAGE_PNM) return decode_pnm(image, s, limits, arena, err);
    if (s->kind != FDML_IMAGE_UNKNOWN) return decode_stb(image, s, limits, arena, err);
    if (!s->size) return fdml_fail(err, FDML_E_FORMAT, "%s: is empty", s->name);
    return fdml_fail(err, FDML_E_FORMAT, "%s: is no JPEG, PNG, BMP or PNM picture", s->name);
}

fdml_status fdml_image_decode(fdml_image *image, const unsigned char *bytes, size_t size,
                              const char *name, const fdml_image_limits *limits,
                              fdml_arena *arena, fdml_error *err)
{
    /* stb_image counts in int */
    const size_t limit = limits->max_file < INT_MAX ? limits->max_file : INT_MAX;
    if (size > limit)
        return fdml_fail(err, FDML_E_LIMIT, "%s: %zu bytes, the limit is %zu", name, size,
                         limit);
    source s = { .name = name, .bytes = bytes, .size = size };
    s.kind = fdml_image_kind_of(bytes, size);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    fdml_image decoded = { 0 };
    const fdml_status status = decode_any(&decoded, &s, limits, arena, err);
    if (status)
        fdml_arena_reset(arena, mark);
    else
        *image = decoded;
    return status;
}

fdml_status fdml_image_read(fdml_image *image, const char *path,
                            const fdml_image_limits *limits, fdml_arena *arena, fdml_error *err)
{
    fdml_map map = { 0 };
    FDML_TRY(fdml_file_map(&map, path, err));
    const fdml_status status =
        fdml_image_decode(image, map.data, map.size, path, limits, arena, err);
    fdml_file_unmap(&map);
    return status;
}
