/* train_model.c - see train_model.h.
 * SPDX-License-Identifier: MIT */
#include "train_model.h"

#include <string.h>

#include "model/checkpoint.h"
#include "model/embed_head.h"
#include "model/features.h"
#include "model/plan.h"
#include "train/stream.h"

enum { EMBED_ROWS = 64 };

/* --- the trunk ---------------------------------------------------------------------------- */

static void check_backbone(const fdml_checkpoint *checkpoint, const config *c)
{
    const char *is = checkpoint->backbone->name;
    if (strcmp(is, c->model.backbone))
        cli_die(CLI_EXIT_DATA, "%s: is a %s, but model.backbone is '%s'", c->model.weights, is,
                c->model.backbone);
}

/* Weights of the file, less a head, since a new one is trained here; or of the seed. */
static void open_weights(fdml_weights *weights, train_model *m)
{
    fdml_error err;
    const config *c = m->c;
    fdml_checkpoint checkpoint;
    if (!c->model.weights) {
        fdml_weights_invent(weights, c->model.backbone, c->train.seed,
                            fdml_train_stream(FDML_TRAIN_TRUNK, 0), &m->arena);
        return;
    }
    cli_input_note(c->model.weights);
    CLI_TRY(fdml_checkpoint_read(&checkpoint, c->model.weights, &m->arena, &err), &err);
    check_backbone(&checkpoint, c);
    *weights = checkpoint.weights;
    fdml_weights_skip(weights, FDML_EMBED_HEAD ".weight");
    fdml_weights_skip(weights, FDML_EMBED_HEAD ".bias");
}

static void build_trunk(train_model *m)
{
    fdml_error err;
    fdml_weights weights = { 0 };
    const config *c = m->c;
    const size_t side = m->data->side;
    const fdml_backbone_options options = { .height = side, .width = side };
    const fdml_features_options features = { m->data->item, c->model.hidden };
    m->has_trunk = m->data->is_pictures || c->model.hidden;
    if (m->data->is_pictures && c->model.hidden)
        cli_die(CLI_EXIT_DATA, "%s: model.hidden is for backbone = features", c->path);
    if (!m->has_trunk && c->model.weights)
        cli_die(CLI_EXIT_DATA, "%s: model.weights: features without model.hidden have none",
                c->path);
    open_weights(&weights, m);
    const fdml_status status =
        m->data->is_pictures
            ? fdml_backbone_build(&m->trunk, c->model.backbone, &weights, &options, &m->arena,
                                  &err)
            : fdml_features_build(&m->trunk, &weights, &features, &m->arena, &err);
    if (status) cli_fail(&err);
    m->trunk.maps = weights.maps; /* constants point into the file */
    m->columns = (size_t)m->trunk.value[m->trunk.output[0]].dim[1];
}

/* Of a batch of n rows, without values. */
static fdml_tensor batch_shape(const train_model *m, size_t n)
{
    const size_t side = m->data->side;
    fdml_tensor shape = { .type = FDML_TYPE_F32,
                          .rank = m->data->is_pictures ? 4 : 2,
                          .dim = { n, m->data->item },
                          .n_items = n * m->data->item };
    if (m->data->is_pictures) {
        shape.dim[1] = m->data->item / side / side;
        shape.dim[2] = shape.dim[3] = side;
    }
    return shape;
}

void train_model_open(train_model *m, const config *c, const train_data *data, uint64_t n_steps,
                      const cli_common *common)
{
    fdml_error err;
    memset(m, 0, sizeof *m);
    m->c = c;
    m->data = data;
    m->common = common;
    fdml_arena_init(&m->arena, 0);
    build_trunk(m);
    fdml_trainer_options options = train_trainer_options(c, data, n_steps, &m->arena);
    options.trunk = m->has_trunk ? &m->trunk : NULL;
    options.input = batch_shape(m, c->train.batch);
    options.kernels = cli_kernels(common);
    options.n_threads = cli_threads(common);
    m->is_unit = fdml_objective_find(c->objective.name, &err)->wants_unit_rows;
    if (fdml_trainer_new(&m->trainer, &options, &err))
        cli_die(CLI_EXIT_DATA, "%s: %s", c->path, err.text);
}

void train_model_close(train_model *m)
{
    fdml_trainer_free(m->trainer);
    fdml_graph_close(&m->trunk);
    fdml_arena_close(&m->arena);
}

/* --- embeddings --------------------------------------------------------------------------- */

/* Rows first..first+n-1 of a part through the trunk, into h; a last batch that is not full is
 * filled up with its own last row. */
static fdml_status run_trunk(float *h, const train_model *m, fdml_plan *plan, float *x,
                             size_t n, fdml_error *err)
{
    fdml_tensor input = batch_shape(m, EMBED_ROWS), output;
    const size_t item = m->data->item;
    for (size_t i = n; i < EMBED_ROWS; i++)
        memcpy(x + i * item, x + (n - 1) * item, item * sizeof *x);
    input.data = x;
    FDML_TRY(fdml_plan_run(plan, &input, &output, err));
    memcpy(h, output.data, n * m->columns * sizeof *h);
    return FDML_OK;
}

typedef struct embedding {
    const train_model *m;
    const train_part *part;
    fdml_plan *plan; /* NULL: no trunk */
    float *x, *h;    /* [EMBED_ROWS, ...] */
    fdml_arena *work;
} embedding;

static fdml_status embed_rows(float *f, const embedding *e, fdml_error *err)
{
    const train_model *m = e->m;
    const size_t dim = m->c->model.dim;
    for (size_t i = 0; i < e->part->n; i += EMBED_ROWS) {
        const size_t n = e->part->n - i < EMBED_ROWS ? e->part->n - i : EMBED_ROWS;
        const float *h = e->x;
        FDML_TRY(train_data_load(e->x, m->data, e->part->row + i, n, NULL, err));
        if (e->plan) {
            FDML_TRY(run_trunk(e->h, m, e->plan, e->x, n, err));
            h = e->h;
        }
        FDML_TRY(fdml_metric_heads_embed(fdml_trainer_heads(m->trainer), f + i * dim, h, n,
                                         e->work, err));
    }
    return FDML_OK;
}

static fdml_status plan_trunk(fdml_plan **plan, fdml_graph *graph, const train_model *m,
                              fdml_arena *work, fdml_error *err)
{
    const fdml_tensor input = batch_shape(m, EMBED_ROWS);
    const fdml_plan_options options = { .kernels = cli_kernels(m->common),
                                        .n_threads = cli_threads(m->common) };
    FDML_TRY(fdml_trainer_trunk(graph, m->trainer, work, err));
    return fdml_plan_new(plan, graph, &input, &options, err);
}

fdml_status train_model_embed_memory(size_t *bytes, const train_model *m, fdml_arena *work,
                                     fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    fdml_graph graph;
    fdml_plan *plan = NULL;
    fdml_plan_memory memory = { 0 };
    const size_t before = work->used;
    const fdml_status status = m->has_trunk ? plan_trunk(&plan, &graph, m, work, err) : FDML_OK;
    if (plan) fdml_plan_get_memory(&memory, plan);
    *bytes = work->used - before + EMBED_ROWS * (m->data->item + m->columns) * sizeof(float) +
             memory.weights + memory.buffer + memory.scratch;
    if (plan) fdml_plan_free(plan);
    fdml_arena_reset(work, mark);
    return status;
}

fdml_status train_model_embed(float *f, const train_model *m, const train_part *part,
                              fdml_arena *work, fdml_error *err)
{
    const fdml_arena_mark mark = fdml_arena_get_mark(work);
    embedding e = { .m = m,
                    .part = part,
                    .x = fdml_arena_push(work, EMBED_ROWS * m->data->item, sizeof *e.x),
                    .h = fdml_arena_push(work, EMBED_ROWS * m->columns, sizeof *e.h),
                    .work = work };
    fdml_graph graph;
    fdml_status status = FDML_OK;
    if (!e.x || !e.h) status = fdml_fail(err, FDML_E_NOMEM, "no memory for a batch of rows");
    if (!status && m->has_trunk) status = plan_trunk(&e.plan, &graph, m, work, err);
    if (!status) status = embed_rows(f, &e, err);
    if (e.plan) fdml_plan_free(e.plan);
    fdml_arena_reset(work, mark);
    return status;
}
