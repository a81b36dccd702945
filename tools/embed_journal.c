/* embed_journal.c - emb.npy.json: how embeddings were made, and how far an unfinished run is.
 *
 * Schema "fdml-embed/1" (docs/formats.md). Nothing in it depends on the machine, the threads,
 * the batch or the moment. What --resume compares is every setting that rows depend on.
 * SPDX-License-Identifier: MIT */
#include <string.h>
#include <unistd.h>

#include "embed_file.h"

enum { MAX_JSON = 8 << 20 }; /* EMBED_SKIPPED_MAX rows of ten digits take 1.5 MiB */

static void put_object(fdml_json_writer *w, const char *key)
{
    fdml_json_key(w, key);
    fdml_json_begin_object(w);
}

static void put_inputs(fdml_json_writer *w, const embed_file *f)
{
    put_object(w, "fdml");
    fdml_json_put_text(w, "version", FDML_VERSION);
    fdml_json_put_text(w, "commit", FDML_COMMIT);
    fdml_json_end_object(w);
    put_object(w, "model");
    fdml_json_put_text(w, "path", f->net->path);
    fdml_json_put_text(w, "sha256", f->net->sha256);
    fdml_json_end_object(w);
    put_object(w, "images");
    fdml_json_put_text(w, "path", f->images->shown);
    fdml_json_put_count(w, "rows", f->images->n_rows);
    fdml_json_put_text(w, "sha256", f->images->sha256);
    fdml_json_end_object(w);
    fdml_json_put_text(w, "value", f->net->value);
    fdml_json_put_count(w, "dim", f->net->dim);
    fdml_json_key(w, "normalize");
    fdml_json_bool(w, f->settings->normalize);
    fdml_json_key(w, "preprocessing");
    embed_recipe_json(w, f->recipe);
}

static void put_skipped(fdml_json_writer *w, const embed_file *f)
{
    fdml_json_key(w, "skipped");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < f->n_skipped; i++) fdml_json_integer(w, f->skipped[i]);
    fdml_json_end_array(w);
}

void embed_journal_write(const embed_file *f, const char *path)
{
    fdml_error err;
    fdml_output output;
    fdml_json_writer w;
    CLI_TRY(fdml_output_open(&output, path, NULL, &err), &err);
    fdml_json_writer_init(&w, output.file, 1);
    fdml_json_begin_object(&w);
    fdml_json_put_text(&w, "schema", "fdml-embed/1");
    put_inputs(&w, f);
    fdml_json_put_count(&w, "done", f->done);
    fdml_json_put_count(&w, "rows", f->n_rows);
    put_skipped(&w, f);
    if (*f->sha256) fdml_json_put_text(&w, "embeddings_sha256", f->sha256);
    fdml_json_end_object(&w);
    CLI_TRY(fdml_output_commit(&output, &err), &err);
}

/* The member of a member, "" where there is none. */
static const char *text_at(const fdml_json *root, const char *outer, const char *inner)
{
    const fdml_json *value = fdml_json_find(root, outer);
    if (value && inner) value = fdml_json_find(value, inner);
    const char *text = value ? fdml_json_text(value) : NULL;
    return text ? text : "";
}

static _Noreturn void refuse(const char *path, const char *what, const char *was,
                             const char *is)
{
    cli_die(CLI_EXIT_DATA, "--resume: %s was made with %s '%.100s', now it is '%.100s'", path,
            what, was, is);
}

static void compare_text(const char *path, const char *what, const char *was, const char *is)
{
    if (strcmp(was, is) != 0) refuse(path, what, was, is);
}

static void compare(const embed_file *f, const fdml_json *root, const char *path)
{
    bool normalize = false;
    const fdml_json *value = fdml_json_find(root, "normalize");
    if (value) fdml_json_get_bool(value, &normalize);
    compare_text(path, "schema", text_at(root, "schema", NULL), "fdml-embed/1");
    compare_text(path, "fdml", text_at(root, "fdml", "version"), FDML_VERSION);
    compare_text(path, "fdml of commit", text_at(root, "fdml", "commit"), FDML_COMMIT);
    compare_text(path, "model sha256", text_at(root, "model", "sha256"), f->net->sha256);
    compare_text(path, "images sha256", text_at(root, "images", "sha256"), f->images->sha256);
    compare_text(path, "value", text_at(root, "value", NULL), f->net->value);
    compare_text(path, "preprocessing", text_at(root, "preprocessing", "text"),
                 f->recipe->text);
    if (normalize != f->settings->normalize)
        refuse(path, "normalize", normalize ? "true" : "false",
               f->settings->normalize ? "true" : "false");
}

static size_t count_at(const fdml_json *root, const char *key, size_t limit, const char *path)
{
    int64_t n = -1;
    const fdml_json *value = fdml_json_find(root, key);
    if (!value || !fdml_json_get_integer(value, &n) || n < 0 || (uint64_t)n > limit)
        cli_die(CLI_EXIT_DATA, "%s: '%s' is no whole number up to %zu", path, key, limit);
    return (size_t)n;
}

static void read_skipped(embed_file *f, const fdml_json *root, const char *path)
{
    const fdml_json *list = fdml_json_find(root, "skipped");
    int64_t last = -1;
    f->n_skipped = 0;
    if (!list || fdml_json_kind_of(list) != FDML_JSON_ARRAY)
        cli_die(CLI_EXIT_DATA, "%s: 'skipped' is no list", path);
    for (const fdml_json *item = fdml_json_first(list); item; item = fdml_json_next(item)) {
        int64_t row;
        if (!fdml_json_get_integer(item, &row) || row <= last || row >= (int64_t)f->done ||
            f->n_skipped == EMBED_SKIPPED_MAX)
            cli_die(CLI_EXIT_DATA, "%s: 'skipped' is no list of rising rows below %zu", path,
                    f->done);
        f->skipped[f->n_skipped++] = (uint32_t)row;
        last = row;
    }
    if (f->n_rows + f->n_skipped != f->done)
        cli_die(CLI_EXIT_DATA, "%s: %zu rows and %zu skipped are not %zu done", path, f->n_rows,
                f->n_skipped, f->done);
}

bool embed_journal_read(embed_file *f, const char *path, fdml_arena *arena)
{
    fdml_error err;
    const char *text;
    size_t size;
    fdml_json *root;
    if (access(path, F_OK)) return false;
    CLI_TRY(fdml_file_read(&text, &size, path, MAX_JSON, arena, &err), &err);
    CLI_TRY(fdml_json_parse(&root, text, size, MAX_JSON, 8, path, &err), &err);
    compare(f, root, path);
    f->done = count_at(root, "done", f->images->n_rows, path);
    f->n_rows = count_at(root, "rows", f->done, path);
    read_skipped(f, root, path);
    fdml_json_close(root);
    if (f->n_skipped && !f->settings->skip_bad)
        cli_die(CLI_EXIT_DATA,
                "--resume: %s was made with --skip-bad, and %zu pictures are left "
                "out",
                path, f->n_skipped);
    return true;
}
