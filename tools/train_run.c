/* train_run.c - see train_run.h.
 *
 * A checkpoint is taken between two steps, so what a run does after it depends on nothing that
 * is not in it: batches, augmentation and mining are functions of the step. A validation at the
 * step of a checkpoint comes before it and is remembered by it.
 *
 * SPDX-License-Identifier: MIT */
#include "train_plan.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

#include "train/state.h"

double train_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- checkpoints -------------------------------------------------------------------------- */

static void save(train_run *run)
{
    char path[FDML_PATH_SIZE];
    const char *text;
    fdml_error err;
    const fdml_arena_mark mark = fdml_arena_get_mark(&run->work);
    const double now = train_now();
    run->place.seconds += now - run->started;
    run->started = now;
    train_log_sync(&run->log, run->place.log_size);
    CLI_TRY(train_place_write(&text, &run->place, run->data, &run->work, &err), &err);
    CLI_TRY(fdml_state_write(train_path(path, run, "state.safetensors"),
                             fdml_trainer_state(run->model.trainer), text, &err),
            &err);
    fdml_arena_reset(&run->work, mark);
    run->saved_at = run->place.step + 1;
}

/* How to go on, in brackets behind what went wrong. */
static void say_saved(char text[FDML_PATH_SIZE], const train_run *run)
{
    if (run->saved_at)
        snprintf(text, FDML_PATH_SIZE,
                 "%.2000s/state.safetensors holds step %llu; --resume goes "
                 "on from there",
                 run->folder, (unsigned long long)run->saved_at - 1);
    else
        snprintf(text, FDML_PATH_SIZE, "no checkpoint had been written");
}

/* A broken step: its weights must not replace those of the last checkpoint. */
static _Noreturn void break_off(const train_run *run, const fdml_error *err)
{
    char saved[FDML_PATH_SIZE];
    say_saved(saved, run);
    cli_die(CLI_EXIT_DATA, "%s (%s)", err->text, saved);
}

/* A row that cannot be read, or a signal: nothing is lost. */
static void save_now(train_run *run)
{
    if (run->saved_at != run->place.step + 1) save(run);
}

static _Noreturn void interrupt(train_run *run)
{
    char saved[FDML_PATH_SIZE];
    save_now(run);
    say_saved(saved, run);
    cli_progress_clear();
    cli_warn(run->common, "interrupted: %s", saved);
    cli_end_by_signal(cli_noted_signal());
}

/* --- validation --------------------------------------------------------------------------- */

train_validation train_run_validation(const train_run *run)
{
    return (train_validation){ .part = &run->data->validation,
                               .n_attributes = run->data->n_attributes,
                               .min_group = run->c->train.min_group,
                               .max_memory = run->validation_memory,
                               .common = run->common };
}

static void score(train_run *run)
{
    fdml_error err;
    const train_part *part = &run->data->validation;
    const train_validation how = train_run_validation(run);
    const train_embedding embedding = { run->f, run->c->model.dim, run->model.is_unit };
    fdml_status status = train_model_embed(run->f, &run->model, part, &run->work, &err);
    if (!status) status = train_validate(&run->scores, &embedding, &how, &run->work, &err);
    if (status) break_off(run, &err);
}

static void validate(train_run *run)
{
    train_place *place = &run->place;
    const bool is_first = !place->validated_at;
    score(run);
    const double value = run->scores.value[run->c->train.best_by];
    if (isnan(value))
        cli_die(
            CLI_EXIT_DATA,
            "%s: train.best_by is %s, but no group of the first attribute has %llu validation "
            "rows (train.min_group)",
            run->c->path, train_score_name[run->c->train.best_by],
            (unsigned long long)run->c->train.min_group);
    train_columns_scores(run);
    train_log_write(&run->log, place->step, run->value);
    place->validated_at = place->step + 1;
    place->since_best++;
    if (!is_first && value <= place->best) return;
    place->best = value;
    place->best_step = place->step;
    place->since_best = 0;
    fdml_trainer_keep_best(run->model.trainer);
}

/* --- the loop ----------------------------------------------------------------------------- */

fdml_status train_run_load(train_run *run, fdml_error *err)
{
    const train_part *part = &run->data->train;
    const size_t n = run->c->train.batch;
    FDML_TRY(fdml_sampler_draw(run->sampler, run->place.step, run->row, &run->work, err));
    for (size_t i = 0; i < n; i++) {
        const uint32_t at = run->row[i];
        run->label[i] = part->label.code[at];
        for (size_t k = 0; k < run->data->n_attributes; k++)
            run->attribute[k][i] = run->data->attribute[k][at];
        run->row[i] = part->row[at];
    }
    return train_data_load(run->x, run->data, run->row, n, &run->place.step, err);
}

fdml_trainer_batch train_run_batch(const train_run *run)
{
    return (fdml_trainer_batch){ .x = run->x,
                                 .label = run->label,
                                 .attribute = (const uint32_t *const *)run->attribute,
                                 .step = run->place.step };
}

static void step(train_run *run)
{
    fdml_error err;
    fdml_trainer_result result;
    const config *c = run->c;
    const double start = train_now();
    if (train_run_load(run, &err)) {
        save_now(run);
        break_off(run, &err);
    }
    const fdml_trainer_batch batch = train_run_batch(run);
    if (fdml_trainer_step(run->model.trainer, &batch, &result, &err)) break_off(run, &err);
    run->place.step++;
    if (run->place.step % c->log.every == 0 || run->place.step == run->n_steps) {
        char note[192];
        train_columns_step(run, &result, train_now() - start);
        train_log_write(&run->log, run->place.step, run->value);
        train_columns_note(note, sizeof note, run, &result);
        cli_progress_note(note);
    }
    fdml_progress_report(run->progress, "training", (double)(run->place.step * c->train.batch),
                         (double)(run->n_steps * c->train.batch));
}

static bool is_over(const train_run *run)
{
    const uint64_t patience = run->c->train.patience;
    return run->place.step >= run->n_steps || (patience && run->place.since_best >= patience);
}

static void loop(train_run *run)
{
    for (;;) {
        const uint64_t at = run->place.step;
        const bool is_last = at >= run->n_steps;
        const bool is_validated = run->place.validated_at == at + 1;
        if (run->data->validation.n && !is_validated &&
            (at % run->validate_every == 0 || is_last))
            validate(run);
        const bool ends = is_over(run);
        if ((at % run->checkpoint_every == 0 && at) || ends) save_now(run);
        if (cli_noted_signal()) interrupt(run);
        if (ends) return;
        step(run);
    }
}

/* --- the end ------------------------------------------------------------------------------ */

static void finish(train_run *run)
{
    char sha256[FDML_SHA256_HEX];
    const bool validates = run->data->validation.n > 0;
    if (validates) {
        fdml_trainer_take_best(run->model.trainer);
        score(run);
    }
    fdml_state_hash(sha256, fdml_trainer_model(run->model.trainer));
    train_model_export(&run->model, run->folder);
    train_summary_write(run, sha256);
    cli_progress_clear();
    if (run->common->quiet) return;
    printf("%s: %llu steps", run->folder, (unsigned long long)run->place.step);
    if (validates) printf(", best at %llu", (unsigned long long)run->place.best_step);
    for (int i = 0; i < N_SCORES && validates; i++)
        if (!isnan(run->scores.value[i]))
            printf(", %s %.4f", train_score_name[i], run->scores.value[i]);
    printf(", weights sha256 %s\n", sha256);
}

static void work(train_run *run, bool resume)
{
    const bool goes_on = train_begin_folder(run, resume);
    if (goes_on)
        cli_warn(run->common, "%s: goes on from step %llu", run->folder,
                 (unsigned long long)run->place.step);
    const train_log_options log = { .folder = run->folder,
                                    .column = run->column,
                                    .n_columns = run->n_columns,
                                    .with_events = run->c->log.tensorboard,
                                    .size = goes_on ? run->place.log_size : NULL };
    train_log_open(&run->log, &log, &run->arena);
    run->progress = cli_progress_open(run->common);
    cli_progress_unit(run->data->is_pictures ? "images" : "rows");
    cli_note_signals();
    run->started = train_now();
    loop(run);
    train_log_close(&run->log);
    finish(run);
    close(run->lock);
}

int train_run_all(const train_task *task)
{
    train_need need;
    train_run run = { .c = task->c,
                      .common = task->common,
                      .folder = task->folder,
                      .data = task->data,
                      .max_memory = task->max_memory,
                      .validation_memory = task->max_memory };
    fdml_arena_init(&run.arena, 0);
    fdml_arena_init(&run.work, 0);
    train_begin(&run);
    if (task->max_memory || task->dry_run) train_plan_make(&need, &run);
    if (task->dry_run)
        train_plan_print(&need, &run);
    else
        work(&run, task->resume);
    train_model_close(&run.model);
    fdml_arena_close(&run.work);
    fdml_arena_close(&run.arena);
    return 0;
}
