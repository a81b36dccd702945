/* train_summary.c - RUN/summary.json: what came out of a run. See train_run.h.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "base/json.h"
#include "train_run.h"

static void put_part(fdml_json_writer *w, const char *key, const train_part *part)
{
    fdml_json_key(w, key);
    fdml_json_begin_object(w);
    fdml_json_put_count(w, "rows", part->n);
    fdml_json_put_count(w, "classes", part->n ? part->label.n_levels : 0);
    fdml_json_end_object(w);
}

static void put_scores(fdml_json_writer *w, const train_run *run)
{
    const train_scores *scores = &run->scores;
    fdml_json_put_count(w, "best_step", run->place.best_step);
    fdml_json_put_text(w, "best_by", train_score_name[run->c->train.best_by]);
    fdml_json_key(w, "validation");
    fdml_json_begin_object(w);
    for (int i = 0; i < N_SCORES; i++) {
        fdml_json_key(w, train_score_name[i]);
        fdml_json_number(w, scores->value[i]);
    }
    if (scores->worst_map) fdml_json_put_text(w, "worst_group_by_map_at_r", scores->worst_map);
    if (scores->worst_recall)
        fdml_json_put_text(w, "worst_group_by_recall_at_1", scores->worst_recall);
    fdml_json_end_object(w);
}

static void put_tool(fdml_json_writer *w, const train_run *run)
{
    fdml_json_key(w, "tool");
    fdml_json_begin_object(w);
    fdml_json_put_text(w, "version", FDML_VERSION);
    fdml_json_put_text(w, "commit", FDML_COMMIT);
    fdml_json_put_text(w, "isa", cli_kernels(run->common)->isa);
    fdml_json_put_count(w, "threads", (size_t)cli_threads(run->common));
    fdml_json_key(w, "seconds");
    fdml_json_number(w, run->place.seconds);
    fdml_json_end_object(w);
}

void train_summary_write(const train_run *run, const char *weights_sha256)
{
    char path[FDML_PATH_SIZE];
    fdml_output output;
    fdml_json_writer w;
    fdml_error err;
    CLI_TRY(fdml_output_open(&output, train_path(path, run, "summary.json"), NULL, &err), &err);
    fdml_json_writer_init(&w, output.file, 1);
    fdml_json_begin_object(&w);
    fdml_json_put_text(&w, "schema", "fdml-train/1");
    fdml_json_put_text(&w, "weights_sha256", weights_sha256);
    fdml_json_put_text(&w, "data_sha256", run->data->sha256);
    fdml_json_put_count(&w, "steps", run->place.step);
    fdml_json_put_count(&w, "planned_steps", run->n_steps);
    fdml_json_put_count(&w, "weights", fdml_trainer_n_weights(run->model.trainer));
    put_part(&w, "train", &run->data->train);
    put_part(&w, "validated", &run->data->validation);
    fdml_json_put_count(&w, "pictures_left_out", run->data->n_bad);
    if (run->data->validation.n) put_scores(&w, run);
    put_tool(&w, run);
    fdml_json_end_object(&w);
    fputc('\n', output.file);
    CLI_TRY(fdml_output_commit(&output, &err), &err);
}
