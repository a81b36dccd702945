/* train_hash.c - what tells the data of a run from others, so that none goes on with data that
 * have changed. See train_data.h.
 *
 * Of embeddings the values that are used; of pictures the SHA-256 of each file, not its size
 * and date: those differ between copies that are equal, and may be equal where bytes are not.
 * Every picture is read once for it when a run begins or goes on, by all threads: 0.4 GB a
 * second and core beside a warm cache, and else what the disk gives, which the first epoch
 * then finds in memory.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/parallel.h"
#include "train_data.h"

static void hash_text(fdml_sha256 *sha, const char *text)
{
    fdml_sha256_update(sha, text, strlen(text) + 1);
}

typedef struct digest {
    char hex[FDML_SHA256_HEX];
    bool is_there;
} digest;

typedef struct reading {
    const train_data *d;
    const train_part *part;
    digest *digest; /* [part->n] */
} reading;

static fdml_status hash_picture(const reading *r, size_t i, fdml_error *err)
{
    char path[FDML_PATH_SIZE];
    FDML_TRY(fdml_pictures_path(path, &r->d->pictures, r->part->row[i], err));
    return fdml_sha256_file(r->digest[i].hex, path, err);
}

static void hash_one(void *ctx, size_t i, int thread)
{
    const reading *r = ctx;
    (void)thread;
    r->digest[i].is_there = hash_picture(r, i, NULL) == FDML_OK;
}

/* The first row that cannot be read is tried again, for its sentence. */
static digest *hash_pictures(const train_data *d, const train_part *part,
                             const cli_common *common, fdml_arena *arena)
{
    fdml_error err;
    reading r = { d, part, fdml_arena_push(arena, part->n, sizeof *r.digest) };
    if (!r.digest) cli_die(CLI_EXIT_DATA, "no memory for the hashes of %zu pictures", part->n);
    fdml_parallel(part->n, cli_threads(common), hash_one, &r);
    for (size_t i = 0; i < part->n; i++)
        if (!r.digest[i].is_there) CLI_TRY(hash_picture(&r, i, &err), &err);
    return r.digest;
}

static void hash_part(fdml_sha256 *sha, const train_data *d, const train_part *part,
                      const cli_common *common, fdml_arena *arena)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    const digest *picture = d->is_pictures ? hash_pictures(d, part, common, arena) : NULL;
    for (size_t i = 0; i < part->n; i++) {
        const uint32_t row = part->row[i];
        fdml_sha256_update(sha, &row, sizeof row);
        hash_text(sha, part->label.level[part->label.code[i]]);
        for (size_t k = 0; k < d->n_attributes; k++)
            hash_text(sha, part->attribute[k].level[part->attribute[k].code[i]]);
        if (picture)
            hash_text(sha, picture[i].hex);
        else
            fdml_sha256_update(sha, d->matrix.data + row * d->item, d->item * sizeof(float));
    }
    fdml_arena_reset(arena, mark);
}

void train_data_hash(train_data *d, const cli_common *common, fdml_arena *arena)
{
    fdml_sha256 sha;
    fdml_sha256_init(&sha);
    hash_part(&sha, d, &d->train, common, arena);
    hash_text(&sha, "validation");
    hash_part(&sha, d, &d->validation, common, arena);
    fdml_sha256_final(&sha, d->sha256);
}
