/* fdml-inspect.c - what is in a model, or in a file of embeddings, labels or metadata?
 *
 * An .onnx is a model. Any other file is tried as embeddings, then as labels (.npy), as a table
 * (text) or as a model
 * (.safetensors); --as decides. The message of the last try is shown where none fits.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "inspect.h"
#include "inspect_model.h"
#include "model/onnx_export.h"

typedef enum inspect_kind {
    AS_AUTO,
    AS_EMBEDDINGS,
    AS_LABELS,
    AS_METADATA,
    AS_MODEL
} inspect_kind;

typedef struct inspect_options {
    cli_common common;
    int kind;
    const char *shape, *onnx;
    uint64_t batch;
    bool json, layers;
} inspect_options;

#define AT(member) .offset = offsetof(inspect_options, member)

static const fdml_option table[] = {
    { .type = FDML_OPTION_SECTION, .help = "Options" },
    { .type = FDML_OPTION_CHOICE,
      .name = "as",
      AT(kind),
      .value_name = "KIND",
      .choices = "auto|embeddings|labels|metadata|model",
      .help = "read the files as embeddings, labels, metadata or model [auto]" },
    { .type = FDML_OPTION_SWITCH,
      .name = "json",
      AT(json),
      .help = "a JSON array, one object a file" },
    { .type = FDML_OPTION_SECTION, .help = "Models" },
    { .type = FDML_OPTION_SWITCH,
      .name = "layers",
      AT(layers),
      .help = "list the steps with their algorithms, or the tensors of a .safetensors" },
    { .type = FDML_OPTION_COUNT,
      .name = "batch",
      AT(batch),
      .value_name = "N",
      .low = 1,
      .high = 65536,
      .help = "images at a time that work and memory are given for [as declared, or 1]" },
    { .type = FDML_OPTION_TEXT,
      .name = "shape",
      AT(shape),
      .value_name = "LIST",
      .help = "the input's shape, where the model leaves it open: 1,3,224,224" },
    { .type = FDML_OPTION_TEXT,
      .name = "onnx",
      AT(onnx),
      .value_name = "FILE",
      .names = FDML_NAMES_OUTPUT,
      .help = "write the model as an .onnx, a checkpoint's head included" },
    CLI_COMMON_OPTIONS
};

static const cli_program program = {
    .name = "fdml-inspect",
    .usage = "fdml-inspect FILE... [options]",
    .purpose =
        "Inputs, outputs, operators, parameters, work and memory of a model (.onnx), with all\n"
        "operators that are not supported. Shape, type, row lengths, NaN, zero and duplicate\n"
        "rows of embeddings (.npy .npz[:member] .safetensors[:tensor] .csv .tsv .fvecs "
        ".bvecs);\n"
        "columns and values of metadata (.csv .tsv, CelebA's list files) and labels (.npy). - "
        "is\n"
        "standard input.",
    .examples = "  fdml-inspect emb.npy meta.csv\n"
                "  fdml-inspect model.onnx --layers\n"
                "  fdml-inspect model.safetensors:embedding --json\n"
                "  fdml-inspect checkpoint.safetensors --as model --onnx model.onnx\n",
    .options = table,
    .n_options = sizeof table / sizeof *table
};

/* One file, opened as what it is. */
typedef struct opened {
    inspect_kind kind;
    fdml_matrix matrix;
    fdml_table table;
    fdml_factor labels;
    inspect_model model;
} opened;

static fdml_status open_as(opened *file, inspect_kind kind, const char *path, fdml_arena *arena,
                           fdml_error *err)
{
    file->kind = kind;
    if (kind == AS_EMBEDDINGS) return fdml_matrix_open(&file->matrix, path, arena, err);
    if (kind == AS_LABELS) return fdml_factor_from_npy(&file->labels, path, arena, err);
    return fdml_table_open(&file->table, path, arena, err);
}

static void open_model(opened *file, const char *path, const inspect_model_options *options,
                       fdml_arena *arena)
{
    file->kind = AS_MODEL;
    inspect_model_open(&file->model, path, options, arena);
}

static void open_any(opened *file, inspect_kind kind, const char *path,
                     const inspect_model_options *options, fdml_arena *arena)
{
    fdml_error err, second;
    memset(file, 0, sizeof *file);
    const bool is_model = inspect_is_model(path) || inspect_is_ours(path, arena);
    if (kind == AS_MODEL || (kind == AS_AUTO && is_model)) {
        open_model(file, path, options, arena);
        return;
    }
    if (kind != AS_AUTO) {
        CLI_TRY(open_as(file, kind, path, arena, &err), &err);
        return;
    }
    if (!open_as(file, AS_EMBEDDINGS, path, arena, &err)) return;
    if (err.status == FDML_E_IO) cli_fail(&err);
    const bool is_npy = fdml_file_has_suffix(path, ".npy");
    const bool is_text = fdml_file_has_suffix(path, ".csv") ||
                         fdml_file_has_suffix(path, ".tsv") ||
                         fdml_file_has_suffix(path, ".txt");
    if (fdml_file_has_suffix(path, ".safetensors")) {
        open_model(file, path, options, arena);
        return;
    }
    if (!is_npy && !is_text) cli_fail(&err);
    if (open_as(file, is_npy ? AS_LABELS : AS_METADATA, path, arena, &second))
        cli_fail(is_npy ? &err : &second); /* a broken table is likelier than broken numbers */
}

static void show_text(const opened *file, const char *name,
                      const inspect_model_options *options, fdml_arena *arena)
{
    inspect_column column;
    inspect_rows rows;
    printf("%s\n", name);
    if (file->kind == AS_MODEL) {
        inspect_print_model(&file->model, options, arena);
        return;
    }
    if (file->kind == AS_EMBEDDINGS) {
        inspect_matrix(&rows, &file->matrix, arena);
        inspect_print_matrix(&file->matrix, &rows);
        return;
    }
    const bool is_table = file->kind == AS_METADATA;
    printf("  %-12s %zu rows", is_table ? "metadata" : "labels",
           is_table ? file->table.n_rows : file->labels.n_rows);
    if (is_table) printf(", %zu columns", file->table.n_columns);
    putchar('\n');
    for (size_t c = 0; is_table && c < file->table.n_columns; c++) {
        inspect_table_column(&column, &file->table, c, arena);
        inspect_print_column(file->table.name[c], &column);
    }
    if (is_table) return;
    inspect_factor(&column, &file->labels, arena);
    inspect_print_column("label", &column);
}

static void show_columns(fdml_json_writer *w, const opened *file, fdml_arena *arena)
{
    inspect_column column;
    const bool is_table = file->kind == AS_METADATA;
    fdml_json_key(w, "rows");
    fdml_json_integer(w, (int64_t)(is_table ? file->table.n_rows : file->labels.n_rows));
    fdml_json_key(w, "columns");
    fdml_json_begin_array(w);
    for (size_t c = 0; is_table && c < file->table.n_columns; c++) {
        inspect_table_column(&column, &file->table, c, arena);
        inspect_json_column(w, file->table.name[c], &column);
    }
    if (!is_table) {
        inspect_factor(&column, &file->labels, arena);
        inspect_json_column(w, "label", &column);
    }
    fdml_json_end_array(w);
}

static void show_json(fdml_json_writer *w, const opened *file, const char *name,
                      fdml_arena *arena)
{
    static const char *const kind[] = { "", "embeddings", "labels", "metadata", "model" };
    inspect_rows rows;
    fdml_json_begin_object(w);
    fdml_json_put_text(w, "path", name);
    fdml_json_put_text(w, "kind", kind[file->kind]);
    if (file->kind == AS_EMBEDDINGS) {
        inspect_matrix(&rows, &file->matrix, arena);
        inspect_json_matrix(w, &file->matrix, &rows);
    } else if (file->kind == AS_MODEL) {
        inspect_json_model(w, &file->model);
    } else {
        show_columns(w, file, arena);
    }
    fdml_json_end_object(w);
}

static void write_onnx(FILE *file, const inspect_options *o, const opened *from)
{
    fdml_error err;
    if (from->kind != AS_MODEL) cli_die(CLI_EXIT_DATA, "--onnx: the file is no model");
    if (!from->model.model.graph.n_values)
        cli_die(CLI_EXIT_DATA, "--onnx: %s", from->model.why);
    CLI_TRY(fdml_onnx_export_stream(file, o->onnx, &from->model.model.graph, &err), &err);
}

/* One file after the other, each with memory of its own. `onnx`: what a model is written to, or
 * NULL. */
static void show(fdml_json_writer *w, FILE *onnx, const inspect_options *o, const char *name)
{
    static opened file;
    fdml_arena arena;
    const inspect_model_options model = { .shape = o->shape,
                                          .batch = (size_t)o->batch,
                                          .layers = o->layers,
                                          .kernels = cli_kernels(&o->common),
                                          .n_threads = cli_threads(&o->common) };
    fdml_arena_init(&arena, 0);
    open_any(&file, (inspect_kind)o->kind, cli_input_path(name, &arena), &model, &arena);
    if (onnx) write_onnx(onnx, o, &file);
    if (o->json)
        show_json(w, &file, name, &arena);
    else
        show_text(&file, name, &model, &arena);
    if (file.kind == AS_MODEL) inspect_model_close(&file.model);
    fdml_matrix_close(&file.matrix);
    fdml_arena_close(&arena);
}

int main(int argc, char **argv)
{
    inspect_options o = { .kind = AS_AUTO };
    fdml_json_writer w;
    cli_begin(&program);
    cli_parse(&program, &o, argc, argv);
    const fdml_texts *files = &o.common.positional;
    if (!files->n) cli_die(CLI_EXIT_USAGE, "FILE is missing");
    if (o.onnx && files->n > 1) cli_die(CLI_EXIT_USAGE, "--onnx takes one FILE");
    cli_catch_signals();
    FILE *onnx = o.onnx ? cli_output_open(o.onnx) : NULL;
    fdml_json_writer_init(&w, stdout, 4);
    if (o.json) fdml_json_begin_array(&w);
    for (size_t i = 0; i < files->n; i++) show(&w, onnx, &o, files->item[i]);
    if (o.json) fdml_json_end_array(&w);
    if (o.json) putchar('\n');
    cli_outputs_commit();
    cli_input_remove();
    return 0;
}
