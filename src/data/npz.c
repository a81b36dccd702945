/* npz.c - members of a zip archive, inflated straight into rows of float. See npz.h.
 *
 * A member is read in 64 KiB blocks, so besides the values themselves nothing of its size is
 * held. The size it claims is checked against its header and its compressed size before the
 * values are reserved; libzip checks the CRC at the end.
 * SPDX-License-Identifier: MIT */
#include "data/npz.h"

#include <stdio.h>
#include <string.h>
#include <zip.h>

#include "base/file.h"
#include "data/npy.h"

enum {
    BLOCK = 1 << 16,
    NAME = 256,
    /* Deflate reaches 1032:1 on zeros; floats that differ stay below 10:1. Small members may
     * be anything. */
    BOMB_RATIO = 100,
    BOMB_SIZE = 64 << 20
};

typedef struct member {
    zip_t *zip;
    zip_file_t *file;
    zip_uint64_t index;
    size_t size; /* inflated */
    bool takes_list;
    char name[NAME]; /* "set.npz:emb.npy" */
} member;

static bool is_array(const char *name)
{
    return name && fdml_file_has_suffix(name, ".npy");
}

static fdml_status fail_choice(const fdml_source *source, zip_t *zip, const char *why,
                               fdml_error *err)
{
    char names[256] = "none";
    size_t n = 0;
    const zip_int64_t n_entries = zip_get_num_entries(zip, 0);
    for (zip_int64_t i = 0; i < n_entries && n < sizeof names - 1; i++) {
        const char *name = zip_get_name(zip, (zip_uint64_t)i, 0);
        if (!is_array(name)) continue;
        const int length = (int)strlen(name) - (int)strlen(".npy");
        const int added =
            snprintf(names + n, sizeof names - n, "%s%.*s", n ? ", " : "", length, name);
        n += added > 0 ? (size_t)added : 0;
    }
    return fdml_fail(err, FDML_E_DATA, "%.120s: %s; arrays are %s%s", source->name, why, names,
                     n >= sizeof names ? "..." : "");
}

static fdml_status choose_only(zip_uint64_t *index, const fdml_source *source, zip_t *zip,
                               fdml_error *err)
{
    size_t n_found = 0;
    const zip_int64_t n_entries = zip_get_num_entries(zip, 0);
    for (zip_int64_t i = 0; i < n_entries; i++) {
        if (!is_array(zip_get_name(zip, (zip_uint64_t)i, 0))) continue;
        *index = (zip_uint64_t)i;
        n_found++;
    }
    char why[64];
    snprintf(why, sizeof why, "%zu arrays, choose one as FILE:NAME", n_found);
    return n_found == 1 ? FDML_OK : fail_choice(source, zip, why, err);
}

static fdml_status choose(zip_uint64_t *index, const fdml_source *source, zip_t *zip,
                          fdml_error *err)
{
    if (!source->member) return choose_only(index, source, zip, err);
    char name[NAME], why[128];
    snprintf(why, sizeof why, "no array '%.80s'", source->member);
    const int length = snprintf(name, sizeof name, "%s.npy", source->member);
    if (length < 0 || length >= NAME) return fail_choice(source, zip, why, err);
    zip_int64_t found = zip_name_locate(zip, name, 0);
    if (found < 0 && is_array(source->member)) found = zip_name_locate(zip, source->member, 0);
    if (found < 0) return fail_choice(source, zip, why, err);
    *index = (zip_uint64_t)found;
    return FDML_OK;
}

static fdml_status check_member(member *m, fdml_error *err)
{
    zip_stat_t st;
    const zip_uint64_t wanted = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if (zip_stat_index(m->zip, m->index, 0, &st) || (st.valid & wanted) != wanted)
        return fdml_fail(err, FDML_E_FORMAT, "%s: no size in the archive", m->name);
    if ((st.valid & ZIP_STAT_ENCRYPTION_METHOD) && st.encryption_method != ZIP_EM_NONE)
        return fdml_fail(err, FDML_E_UNSUPPORTED, "%s: is encrypted", m->name);
    if (st.comp_method != ZIP_CM_STORE && st.comp_method != ZIP_CM_DEFLATE)
        return fdml_fail(err, FDML_E_UNSUPPORTED,
                         "%s: compression method %d, known are stored (0) and deflated (8)",
                         m->name, st.comp_method);
    if (st.size > SIZE_MAX / 2 || (st.size > BOMB_SIZE && st.size / BOMB_RATIO > st.comp_size))
        return fdml_fail(err, FDML_E_LIMIT,
                         "%s: %llu bytes out of %llu compressed ones, the limit is %d times",
                         m->name, (unsigned long long)st.size, (unsigned long long)st.comp_size,
                         (int)BOMB_RATIO);
    m->size = (size_t)st.size;
    return FDML_OK;
}

/* Exactly `size` bytes, or an error that says how many there were. */
static fdml_status read_bytes(member *m, unsigned char *bytes, size_t size, fdml_error *err)
{
    size_t n = 0;
    while (n < size) {
        const zip_int64_t got = zip_fread(m->file, bytes + n, size - n);
        if (got < 0)
            return fdml_fail(err, FDML_E_FORMAT, "%s: %s", m->name,
                             zip_error_strerror(zip_file_get_error(m->file)));
        if (got == 0)
            return fdml_fail(err, FDML_E_FORMAT, "%s: ends %zu bytes early", m->name, size - n);
        n += (size_t)got;
    }
    return FDML_OK;
}

static fdml_status read_header(fdml_npy *npy, member *m, unsigned char block[BLOCK + 64],
                               fdml_error *err)
{
    size_t n = m->size < FDML_NPY_PREFIX ? m->size : FDML_NPY_PREFIX, header_size;
    FDML_TRY(read_bytes(m, block, n, err));
    FDML_TRY(fdml_npy_header_size(&header_size, block, n, m->name, err));
    if (header_size > m->size)
        return fdml_fail(err, FDML_E_FORMAT, "%s: %zu bytes, the header alone has %zu", m->name,
                         m->size, header_size);
    if (header_size > n) FDML_TRY(read_bytes(m, block + n, header_size - n, err));
    return fdml_npy_parse(npy, block, header_size, m->name, err);
}

static fdml_status read_values(float *values, const fdml_npy *npy, member *m,
                               unsigned char block[BLOCK], fdml_error *err)
{
    const size_t per_block = BLOCK / npy->item_size;
    for (size_t first = 0; first < npy->n_items; first += per_block) {
        const size_t left = npy->n_items - first, n = left < per_block ? left : per_block;
        FDML_TRY(read_bytes(m, block, n * npy->item_size, err));
        fdml_npy_place(values, npy, first, block, n);
    }
    /* libzip compares the CRC when it meets the end. */
    if (zip_fread(m->file, block, 1) != 0)
        return fdml_fail(err, FDML_E_FORMAT, "%s: %s", m->name,
                         zip_error_strerror(zip_file_get_error(m->file)));
    return FDML_OK;
}

static fdml_status read_member(fdml_matrix *matrix, member *m, fdml_arena *arena,
                               fdml_error *err)
{
    unsigned char block[BLOCK + 64]; /* FDML_NPY_MAX_HEADER and its prefix fit */
    fdml_npy npy;
    FDML_TRY(read_header(&npy, m, block, err));
    FDML_TRY(fdml_npy_check_matrix(&npy, m->takes_list, m->name, err));
    fdml_matrix read = { 0 };
    memcpy(read.dtype, npy.descr, sizeof read.dtype);
    FDML_TRY(fdml_matrix_reserve(&read, NULL, npy.shape[0], npy.shape[1], m->name, NULL, err));
    FDML_TRY(fdml_npy_check_size(&npy, m->size, m->name, err));
    if (arena) {
        float *values;
        FDML_TRY(fdml_matrix_reserve(&read, &values, npy.shape[0], npy.shape[1], m->name, arena,
                                     err));
        FDML_TRY(read_values(values, &npy, m, block, err));
        read.data = values;
    }
    *matrix = read;
    return FDML_OK;
}

static fdml_status read_archive(fdml_matrix *matrix, bool takes_list, const fdml_source *source,
                                zip_t *zip, fdml_arena *arena, fdml_error *err)
{
    member m = { .zip = zip, .takes_list = takes_list };
    FDML_TRY(choose(&m.index, source, zip, err));
    snprintf(m.name, sizeof m.name, "%.150s:%.100s", source->name,
             zip_get_name(zip, m.index, 0));
    FDML_TRY(check_member(&m, err));
    m.file = zip_fopen_index(zip, m.index, 0);
    if (!m.file)
        return fdml_fail(err, FDML_E_FORMAT, "%s: %s", m.name,
                         zip_error_strerror(zip_get_error(zip)));
    const fdml_status status = read_member(matrix, &m, arena, err);
    zip_fclose(m.file);
    return status;
}

static fdml_status read_zip(fdml_matrix *matrix, bool takes_list, const fdml_source *source,
                            fdml_arena *arena, fdml_error *err)
{
    if (source->size >= 6 && !memcmp(source->bytes, "\x93NUMPY", 6))
        return fdml_fail(err, FDML_E_FORMAT, "%s: is a single NumPy array; name it .npy",
                         source->name);
    /* libzip takes nothing at all for an archive that is still to be filled. */
    if (source->size < 2 || memcmp(source->bytes, "PK", 2))
        return fdml_fail(err, FDML_E_FORMAT, "%s: is no zip archive", source->name);
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *bytes = zip_source_buffer_create(source->bytes, source->size, 0, &error);
    zip_t *zip = bytes ? zip_open_from_source(bytes, ZIP_RDONLY, &error) : NULL;
    fdml_status status;
    if (zip) {
        status = read_archive(matrix, takes_list, source, zip, arena, err);
        zip_discard(zip);
    } else {
        status =
            fdml_fail(err, FDML_E_FORMAT, "%s: %s", source->name, zip_error_strerror(&error));
        zip_source_free(bytes);
    }
    zip_error_fini(&error);
    return status;
}

fdml_status fdml_npz_read(fdml_matrix *matrix, const fdml_source *source, fdml_arena *arena,
                          fdml_error *err)
{
    return read_zip(matrix, false, source, arena, err);
}

fdml_status fdml_npz_read_list(fdml_matrix *matrix, const fdml_source *source,
                               fdml_arena *arena, fdml_error *err)
{
    return read_zip(matrix, true, source, arena, err);
}
