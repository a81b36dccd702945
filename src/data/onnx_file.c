/* onnx_file.c - a ModelProto and its graph, message by message. See onnx_file.h.
 *
 * The graph is walked twice: first its nodes and tensors are counted, then each is read into
 * its place. So lists have exactly their size, and one message at a time is unpacked.
 * SPDX-License-Identifier: MIT */
#include "data/onnx_file.h"

#include <stdio.h>
#include <string.h>

#include "data/onnx.pb-c.h"
#include "data/onnx_read.h"

enum { GRAPH = 7 };                                                       /* of a model */
enum { NODE = 1, INITIALIZER = 5, INPUT = 11, OUTPUT = 12, SPARSE = 15 }; /* of a graph */

/* What people download in place of a model. */
static const struct {
    const char *start, *what;
} strangers[] = {
    { "version https://git-lfs", "a Git LFS pointer, not the model itself" },
    { "<", "an HTML or XML page" },
    { "\n<", "an HTML or XML page" },
    { "{\"", "JSON text" },
    { "PK\3\4", "a zip archive, as a PyTorch checkpoint is" },
    { "\x1f\x8b", "compressed by gzip" },
    { "\x89HDF", "an HDF5 file, as Keras writes" },
    { "\x93NUMPY", "a NumPy array" },
    { "GGUF", "a GGUF file" },
};

static fdml_status check_start(const fdml_onnx_reader *reader, fdml_error *err)
{
    const fdml_bytes file = reader->file;
    if (!file.size) return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "is empty");
    for (size_t i = 0; i < sizeof strangers / sizeof *strangers; i++) {
        const size_t n = strlen(strangers[i].start);
        if (file.size < n || memcmp(file.at, strangers[i].start, n)) continue;
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "is %s", strangers[i].what);
    }
    return FDML_OK;
}

static bool is_onnx_domain(ProtobufCBinaryData domain)
{
    return !domain.len || (domain.len == 7 && !memcmp(domain.data, "ai.onnx", 7));
}

static fdml_status read_header(fdml_onnx_reader *reader, fdml_onnx_file *file, fdml_error *err)
{
    fdml_bytes known;
    FdmlPb__Model *pb;
    const uint32_t wanted = 1u << 1 | 1u << 2 | 1u << 3 | 1u << 8;
    const fdml_arena_mark mark = fdml_arena_get_mark(&reader->scratch);
    FDML_TRY(fdml_onnx_select(reader, &known, reader->file, wanted, err));
    FDML_TRY(fdml_onnx_unpack(reader, &pb, &fdml_pb__model__descriptor, known, err));
    file->ir_version = pb->ir_version;
    const fdml_bytes name = { pb->producer_name.data, pb->producer_name.len };
    const fdml_bytes version = { pb->producer_version.data, pb->producer_version.len };
    FDML_TRY(fdml_onnx_text(reader, &file->producer_name, name, "producer_name", err));
    FDML_TRY(fdml_onnx_text(reader, &file->producer_version, version, "producer_version", err));
    for (size_t i = 0; i < pb->n_opset_import; i++)
        if (is_onnx_domain(pb->opset_import[i]->domain))
            file->opset = pb->opset_import[i]->version;
    fdml_arena_reset(&reader->scratch, mark);
    return FDML_OK;
}

static fdml_status find_graph(const fdml_onnx_reader *reader, fdml_bytes *graph,
                              fdml_error *err)
{
    fdml_bytes rest = reader->file;
    *graph = (fdml_bytes){ NULL, 0 };
    for (bool has_field;;) {
        fdml_wire_field field;
        FDML_TRY(fdml_onnx_next(reader, &field, &rest, &has_field, err));
        if (!has_field) break;
        if (field.number != GRAPH) continue;
        if (field.type != FDML_WIRE_BYTES || graph->at)
            return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "has no single graph");
        *graph = field.payload;
    }
    if (!graph->at)
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "is no ONNX model: it has no graph");
    return FDML_OK;
}

static fdml_status count_parts(const fdml_onnx_reader *reader, fdml_onnx_file *file,
                               fdml_bytes graph, fdml_error *err)
{
    for (bool has_field;;) {
        fdml_wire_field field;
        FDML_TRY(fdml_onnx_next(reader, &field, &graph, &has_field, err));
        if (!has_field) return FDML_OK;
        switch (field.number) {
        case NODE:
            file->n_nodes++;
            break;
        case INITIALIZER:
            file->n_initializers++;
            break;
        case INPUT:
            file->n_inputs++;
            break;
        case OUTPUT:
            file->n_outputs++;
            break;
        case SPARSE:
            return fdml_onnx_fail(reader, err, FDML_E_UNSUPPORTED,
                                  "sparse initializers are not supported");
        default:
            continue;
        }
        if (field.type != FDML_WIRE_BYTES)
            return fdml_onnx_fail(reader, err, FDML_E_FORMAT,
                                  "field %u of its graph is damaged", (unsigned)field.number);
    }
}

static void set_place(fdml_onnx_reader *reader, const char *what, size_t index)
{
    snprintf(reader->place, sizeof reader->place, "%s %zu: ", what, index);
}

typedef struct parts {
    fdml_onnx_node *node;
    fdml_onnx_tensor *initializer;
    fdml_onnx_value *input, *output;
    size_t n[SPARSE]; /* read so far, by field number */
} parts;

static fdml_status read_part(fdml_onnx_reader *reader, parts *p, uint32_t kind,
                             fdml_bytes message, fdml_error *err)
{
    const size_t i = p->n[kind]++;
    switch (kind) {
    case NODE:
        set_place(reader, "node", i);
        return fdml_onnx_read_node(reader, &p->node[i], message, err);
    case INITIALIZER:
        set_place(reader, "initializer", i);
        FDML_TRY(fdml_onnx_read_tensor(reader, &p->initializer[i], message, err));
        if (*p->initializer[i].name) return FDML_OK;
        return fdml_onnx_fail(reader, err, FDML_E_FORMAT, "has no name");
    case INPUT:
        set_place(reader, "graph input", i);
        return fdml_onnx_read_value(reader, &p->input[i], message, err);
    default:
        set_place(reader, "graph output", i);
        return fdml_onnx_read_value(reader, &p->output[i], message, err);
    }
}

static fdml_status read_graph(fdml_onnx_reader *reader, fdml_onnx_file *file, fdml_bytes graph,
                              fdml_error *err)
{
    parts p = { 0 };
    fdml_wire_field field;
    FDML_TRY(count_parts(reader, file, graph, err));
    FDML_TRY(fdml_onnx_push(reader, &p.node, file->n_nodes, sizeof *p.node, err));
    FDML_TRY(fdml_onnx_push(reader, &p.initializer, file->n_initializers, sizeof *p.initializer,
                            err));
    FDML_TRY(fdml_onnx_push(reader, &p.input, file->n_inputs, sizeof *p.input, err));
    FDML_TRY(fdml_onnx_push(reader, &p.output, file->n_outputs, sizeof *p.output, err));
    while (fdml_wire_next(&field, &graph) == FDML_WIRE_FIELD) {
        const uint32_t kind = field.number;
        if (kind == NODE || kind == INITIALIZER || kind == INPUT || kind == OUTPUT)
            FDML_TRY(read_part(reader, &p, kind, field.payload, err));
    }
    file->node = p.node;
    file->initializer = p.initializer;
    file->input = p.input;
    file->output = p.output;
    return FDML_OK;
}

static fdml_status read_model(fdml_onnx_reader *reader, fdml_onnx_file *file, fdml_error *err)
{
    fdml_bytes graph;
    FDML_TRY(check_start(reader, err));
    FDML_TRY(find_graph(reader, &graph, err));
    FDML_TRY(read_header(reader, file, err));
    return read_graph(reader, file, graph, err);
}

/* The first piece of scratch stays, so that a reset after every message frees no chunk. */
static fdml_onnx_reader open_reader(const char *name, fdml_bytes file, fdml_arena *arena)
{
    fdml_onnx_reader reader = { .name = name, .file = file, .arena = arena };
    fdml_arena_init(&reader.scratch, FDML_ONNX_MAX_UNPACKED);
    (void)fdml_arena_push(&reader.scratch, 1, 1);
    return reader;
}

fdml_status fdml_onnx_parse(fdml_onnx_file *file, const char *name, const unsigned char *bytes,
                            size_t size, const char *directory, fdml_arena *arena,
                            fdml_error *err)
{
    fdml_onnx_file read = { 0 };
    fdml_onnx_reader reader = open_reader(name, (fdml_bytes){ bytes, size }, arena);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    reader.directory = directory;
    const fdml_status status = read_model(&reader, &read, err);
    fdml_arena_close(&reader.scratch);
    if (status) {
        fdml_map_list_close(&reader.maps);
        fdml_arena_reset(arena, mark);
        return status;
    }
    read.maps = reader.maps;
    *file = read;
    return FDML_OK;
}

fdml_status fdml_onnx_parse_tensor(fdml_onnx_tensor *tensor, const char *name,
                                   const unsigned char *bytes, size_t size, fdml_arena *arena,
                                   fdml_error *err)
{
    fdml_onnx_tensor read = { 0 };
    fdml_onnx_reader reader = open_reader(name, (fdml_bytes){ bytes, size }, arena);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    fdml_status status = check_start(&reader, err);
    if (!status) status = fdml_onnx_read_tensor(&reader, &read, reader.file, err);
    fdml_arena_close(&reader.scratch);
    if (status)
        fdml_arena_reset(arena, mark);
    else
        *tensor = read;
    return status;
}
