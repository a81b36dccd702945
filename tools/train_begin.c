/* train_begin.c - a run until its first step: sampler, network, folder, and the checkpoint that
 * it goes on from. See train_run.h.
 * SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "train/state.h"
#include "train_run.h"

enum { EVERY = 500, LEAST_EVERY = 100 };

static void *push(train_run *run, size_t n, size_t size)
{
    void *memory = fdml_arena_push_zero(&run->arena, n, size);
    if (!memory) cli_die(CLI_EXIT_DATA, "no memory for %zu numbers of a batch", n);
    return memory;
}

const char *train_path(char path[FDML_PATH_SIZE], const train_run *run, const char *name)
{
    const int n = snprintf(path, FDML_PATH_SIZE, "%s/%s", run->folder, name);
    if (n < 0 || n >= FDML_PATH_SIZE) cli_die(CLI_EXIT_DATA, "--out: the path is too long");
    return path;
}

/* A new run in a folder that holds its own data or the user's configuration. */
static void claim_files(const train_run *run)
{
    static const char *const name[] = { "config.ini", "rows.csv",  "summary.json",
                                        "log.csv",    "log.jsonl", "model.safetensors",
                                        "model.onnx" };
    char path[FDML_PATH_SIZE];
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        cli_output_claim(train_path(path, run, name[i]));
}

static void write_config(const train_run *run)
{
    char path[FDML_PATH_SIZE];
    fdml_output output;
    fdml_error err;
    CLI_TRY(fdml_output_open(&output, train_path(path, run, "config.ini"), NULL, &err), &err);
    config_write(output.file, run->c, false);
    CLI_TRY(fdml_output_commit(&output, &err), &err);
    CLI_TRY(fdml_output_open(&output, train_path(path, run, "rows.csv"), NULL, &err), &err);
    train_data_write_rows(output.file, run->data);
    CLI_TRY(fdml_output_commit(&output, &err), &err);
}

static bool is_there(const char *path)
{
    struct stat found;
    return !stat(path, &found);
}

/* The arrays and the place of the checkpoint; false: there is none to go on from. */
static bool restore(train_run *run, bool resume)
{
    char path[FDML_PATH_SIZE], config_path[FDML_PATH_SIZE];
    const char *text;
    fdml_error err;
    config then;
    train_path(path, run, "state.safetensors");
    if (!is_there(path)) return false;
    if (!resume)
        cli_die(CLI_EXIT_DATA, "%s: holds a run already; --resume goes on with it",
                run->folder);
    const config_source source = { .path = train_path(config_path, run, "config.ini") };
    CLI_TRY(config_read(&then, &source, &run->arena, &err), &err);
    CLI_TRY(config_compare(run->c, &then, &err), &err);
    CLI_TRY(
        fdml_state_read(path, fdml_trainer_state(run->model.trainer), &text, &run->work, &err),
        &err);
    CLI_TRY(train_place_read(&run->place, text, path, run->data, &err), &err);
    run->saved_at = run->place.step + 1;
    return true;
}

/* What a process that was killed while it wrote a file left (base/file.h): a checkpoint's is as
 * large as the checkpoint, and none is of any use. */
static void remove_leftovers(const char *folder)
{
    static const char *const begins[] = { "config.ini.tmp",        "rows.csv.tmp",
                                          "state.safetensors.tmp", "model.safetensors.tmp",
                                          "model.onnx.tmp",        "summary.json.tmp" };
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir && (entry = readdir(dir));)
        for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
            if (!strncmp(entry->d_name, begins[i], strlen(begins[i])))
                unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir) closedir(dir);
}

/* Two runs that write the same files would spoil them. The lock is the process's: however it
 * ends, the system drops it. The file stays, since whoever waits to open it may be about to
 * lock it; a system that knows no locks goes without. */
static void lock_folder(train_run *run)
{
    char path[FDML_PATH_SIZE];
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    run->lock = open(train_path(path, run, ".lock"), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (run->lock < 0) cli_die(CLI_EXIT_DATA, "%s: cannot write: %s", path, strerror(errno));
    if (!fcntl(run->lock, F_SETLK, &whole) || (errno != EACCES && errno != EAGAIN)) return;
    const bool is_known = !fcntl(run->lock, F_GETLK, &whole) && whole.l_type != F_UNLCK;
    cli_die(CLI_EXIT_DATA, "%s: another fdml-train is writing there%s%.0ld", run->folder,
            is_known ? ", process " : "", is_known ? (long)whole.l_pid : 0L);
}

static void make_folder(train_run *run)
{
    if (mkdir(run->folder, 0777) && errno != EEXIST)
        cli_die(CLI_EXIT_DATA, "%s: cannot make the folder: %s", run->folder, strerror(errno));
    lock_folder(run);
    remove_leftovers(run->folder);
}

static void open_sampler(train_run *run)
{
    const train_data *d = run->data;
    const train_part *part = &d->train;
    const fdml_sampler_options options = train_sampler_options(run->c);
    const fdml_sampler_data rows = { .label = part->label.code,
                                     .n_rows = part->n,
                                     .n_classes = part->label.n_levels,
                                     .attribute = d->n_attributes ? d->attribute[0] : NULL,
                                     .n_values =
                                         d->n_attributes ? part->attribute[0].n_levels : 0 };
    fdml_error err;
    fdml_sampler *sampler;
    if (fdml_sampler_new(&sampler, &rows, &options, &run->arena, &err))
        cli_die(CLI_EXIT_DATA, "%s: sampler: %s", d->table_shown, err.text);
    run->sampler = sampler;
    run->epoch_steps = fdml_sampler_epoch_steps(sampler);
    const fdml_sampler_counts *n = fdml_sampler_count(sampler);
    if (n->n_single)
        cli_warn(run->common,
                 "warning: %s: %zu of %zu classes have one row, whose pairs are the row and "
                 "itself",
                 d->table_shown, n->n_single, n->n_classes);
}

static void set_lengths(train_run *run)
{
    const config *c = run->c;
    if (!c->train.steps == !c->train.epochs)
        cli_die(CLI_EXIT_DATA, "%s: one of train.steps and train.epochs must be above 0",
                c->path);
    const bool validates = run->data->validation.n > 0;
    if (c->train.patience && !validates)
        cli_die(CLI_EXIT_DATA, "%s: train.patience needs validation rows (data.validation)",
                c->path);
    if (c->train.best_by >= SCORE_WORST_MAP_AT_R && validates && !run->data->n_attributes)
        cli_die(CLI_EXIT_DATA, "%s: train.best_by is %s, which needs data.attributes", c->path,
                train_score_name[c->train.best_by]);
    const uint64_t usual =
        run->epoch_steps > LEAST_EVERY ? run->epoch_steps : (uint64_t)LEAST_EVERY;
    run->n_steps = c->train.steps ? c->train.steps : c->train.epochs * run->epoch_steps;
    run->validate_every = c->train.validate_every ? c->train.validate_every : usual;
    run->checkpoint_every = c->train.checkpoint_every ? c->train.checkpoint_every
                            : validates               ? run->validate_every
                                                      : (uint64_t)EVERY;
}

static void open_buffers(train_run *run)
{
    const size_t n = run->c->train.batch;
    run->x = push(run, n * run->data->item, sizeof *run->x);
    run->row = push(run, n, sizeof *run->row);
    run->label = push(run, n, sizeof *run->label);
    for (size_t k = 0; k < run->data->n_attributes; k++)
        run->attribute[k] = push(run, n, sizeof *run->attribute[k]);
    run->f = push(run, run->data->validation.n * run->c->model.dim, sizeof *run->f);
}

static void say_settings(const train_run *run)
{
    const config *c = run->c;
    const train_data *d = run->data;
    cli_warn(run->common, "%s: %zu rows of %zu classes train, %zu of %zu validate", d->shown,
             d->train.n, d->train.label.n_levels, d->validation.n,
             d->validation.label.n_levels);
    cli_warn(run->common, "%s to %llu, %zu weights; %s, %llu steps of %llu rows",
             c->model.backbone, (unsigned long long)c->model.dim,
             fdml_trainer_n_weights(run->model.trainer), c->objective.name,
             (unsigned long long)run->n_steps, (unsigned long long)c->train.batch);
    for (size_t k = 0; k < d->n_attributes; k++)
        if (c->attribute[k].separation == FDML_SEPARATION_DIVA && c->attribute[k].rho > 0.3)
            cli_warn(run->common,
                     "warning: parade.rho of %s is %g; above 0.3 it collapsed embeddings "
                     "where we tried it",
                     c->data.attributes.item[k], c->attribute[k].rho);
}

void train_begin(train_run *run)
{
    open_sampler(run);
    set_lengths(run);
    train_model_open(&run->model, run->c, run->data, run->n_steps, run->common);
    open_buffers(run);
    train_columns_make(run);
}

bool train_begin_folder(train_run *run, bool resume)
{
    make_folder(run);
    const bool goes_on = restore(run, resume);
    if (!goes_on) {
        claim_files(run);
        write_config(run);
    }
    say_settings(run);
    return goes_on;
}
