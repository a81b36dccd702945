/* synth_plumage.c - `fdml-synth plumage --out DIR` makes pictures of birds, in a folder for
 * each species, and DIR/labels.csv. What is in them is said in src/data/plumage.h.
 *
 * All is written to a folder beside DIR that takes its name at the end, so that DIR is never
 * half a set. SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/parallel.h"
#include "data/plumage.h"
#include "data/png_write.h"
#include "synth.h"

typedef struct plumage_options {
    cli_common common;
    const char *out, *imbalance;
    uint64_t n_train, n_validation, n_test, per_class, per_test, per_colour, size, seed;
} plumage_options;

#define AT(member) .offset = offsetof(plumage_options, member)

static const fdml_option options[] = {
    { .type = FDML_OPTION_SECTION, .help = "What is made" },
    { .type = FDML_OPTION_TEXT,
      .name = "out",
      .letter = 'o',
      AT(out),
      .value_name = "DIR",
      .names = FDML_NAMES_FOLDER,
      .help = "folder for the pictures and labels.csv; must be new, or empty" },
    { .type = FDML_OPTION_COUNT,
      .name = "classes",
      AT(n_train),
      .value_name = "N",
      .low = 0,
      .high = 1e5,
      .help = "species to train on [40]" },
    { .type = FDML_OPTION_COUNT,
      .name = "validation-classes",
      AT(n_validation),
      .value_name = "N",
      .low = 0,
      .high = 1e5,
      .help = "further species to validate on [20]" },
    { .type = FDML_OPTION_COUNT,
      .name = "test-classes",
      AT(n_test),
      .value_name = "N",
      .low = 0,
      .high = 1e5,
      .help = "further species to test on [40]" },
    { .type = FDML_OPTION_COUNT,
      .name = "per-class",
      AT(per_class),
      .value_name = "N",
      .low = 1,
      .high = 1e5,
      .help = "pictures of a training species [60]; effects of remedies show best at 150" },
    { .type = FDML_OPTION_COUNT,
      .name = "per-test",
      AT(per_test),
      .value_name = "N",
      .low = 1,
      .high = 1e5,
      .help = "pictures of a validation or test species [60]" },
    { .type = FDML_OPTION_COUNT,
      .name = "per-color",
      AT(per_colour),
      .value_name = "N",
      .low = 0,
      .high = 1e4,
      .help =
          "pictures of a test species in each of the 8 colours, for the balanced copy [4]" },
    { .type = FDML_OPTION_TEXT,
      .name = "imbalance",
      AT(imbalance),
      .value_name = "A:B",
      .help = "pictures in a species' main colour to those in others [9:1]" },
    { .type = FDML_OPTION_COUNT,
      .name = "size",
      AT(size),
      .value_name = "N",
      .low = 16,
      .high = 512,
      .help = "pixels of a side [32]" },
    { .type = FDML_OPTION_COUNT,
      .name = "seed",
      AT(seed),
      .value_name = "N",
      .low = 0,
      .high = 18446744073709551615.,
      .help = "of everything drawn [1]" },
    CLI_COMMON_OPTIONS
};

const cli_program synth_plumage_program = {
    .name = "fdml-synth",
    .command = "plumage",
    .whole = &synth_program,
    .usage = "fdml-synth plumage --out DIR [options]",
    .purpose = "Draws birds by rule. A species is a shape; most of its birds wear one colour, "
               "the few\n"
               "others are the minority that a model trained on them fails. Test species are "
               "new, and\n"
               "are drawn once more with all colours equally often (split 'balanced'). "
               "labels.csv has\n"
               "the columns path, label, split, color and share (majority or minority).",
    .examples = "  fdml-synth plumage --out birds\n"
                "  fdml-synth plumage --out birds --per-class 150 --seed 2\n"
                "  fdml-synth plumage --out large --size 128 --imbalance 4:1\n",
    .options = options,
    .n_options = sizeof options / sizeof *options
};

/* "9:1", or "9" for the same. */
static double parse_ratio(const char *text)
{
    char part[2][32] = { "", "1" };
    double value[2];
    const char *colon = strchr(text, ':');
    const size_t n = colon ? (size_t)(colon - text) : strlen(text);
    bool is_ratio = n < sizeof part[0] && (!colon || strlen(colon + 1) < sizeof part[1]);
    if (is_ratio) {
        memcpy(part[0], text, n);
        if (colon) strcpy(part[1], colon + 1);
        is_ratio = fdml_real_parse(&value[0], part[0]) && fdml_real_parse(&value[1], part[1]);
    }
    if (!is_ratio || value[0] < 0 || value[1] <= 0)
        cli_die(CLI_EXIT_DATA, "--imbalance: '%s' is not a ratio such as 9:1", text);
    return value[0] / value[1];
}

typedef struct work {
    fdml_plumage plumage;
    const fdml_plumage_item *item;
    size_t n_items, first;             /* first: of the run of pictures being made */
    char folder[FDML_PATH_SIZE - 128]; /* the temporary one; names in it are short */
    unsigned char *rgb, *png;          /* [n_threads] pictures and files */
    size_t rgb_size, png_size;
    fdml_lock lock;
    size_t failed; /* the first picture that could not be written, n_items: none */
    int number;    /* errno of it */
} work;

/* Names below the folder. */
static void print_species(char *text, size_t size, uint32_t species)
{
    snprintf(text, size, "species%05u", (unsigned)species);
}

static void print_path(char *text, size_t size, const fdml_plumage_item *item)
{
    snprintf(text, size, "species%05u/%s%05u.png", (unsigned)item->species,
             item->split == FDML_PLUMAGE_BALANCED ? "balanced" : "", (unsigned)item->number);
}

static void in_folder(char path[FDML_PATH_SIZE], const work *w, const char *name)
{
    snprintf(path, FDML_PATH_SIZE, "%s/%s", w->folder, name);
}

static uint32_t count_species(const fdml_plumage *p)
{
    return p->n_species[0] + p->n_species[1] + p->n_species[2];
}

/* Takes away what may have been written: by name, so that nothing else can be meant. */
static void remove_folder(const work *w)
{
    char name[64], path[FDML_PATH_SIZE];
    for (size_t i = 0; i < w->n_items; i++) {
        print_path(name, sizeof name, &w->item[i]);
        in_folder(path, w, name);
        unlink(path);
    }
    for (uint32_t s = 0; s < count_species(&w->plumage); s++) {
        print_species(name, sizeof name, s);
        in_folder(path, w, name);
        rmdir(path);
    }
    in_folder(path, w, "labels.csv");
    unlink(path);
    rmdir(w->folder);
}

static _Noreturn void give_up(const work *w, const char *name, const char *why)
{
    cli_progress_clear();
    remove_folder(w);
    cli_die(CLI_EXIT_DATA, "%s: cannot write %s: %s", w->folder, name, why);
}

/* 0, or errno. */
static int write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    if (!file) return errno;
    const bool is_written = fwrite(bytes, 1, size, file) == size;
    const int number = errno;
    if (!is_written) return fclose(file), number;
    return fclose(file) ? errno : 0;
}

static void make_picture(void *ctx, size_t i, int thread)
{
    work *w = ctx;
    const fdml_plumage_item *item = &w->item[w->first + i];
    const size_t side = w->plumage.size;
    unsigned char *rgb = w->rgb + (size_t)thread * w->rgb_size;
    unsigned char *png = w->png + (size_t)thread * w->png_size;
    char name[64], path[FDML_PATH_SIZE];
    fdml_plumage_draw(rgb, &w->plumage, item);
    fdml_png_write(png, rgb, side, side);
    print_path(name, sizeof name, item);
    in_folder(path, w, name);
    const int number = write_file(path, png, fdml_png_size(side, side));
    if (!number) return;
    fdml_lock_take(&w->lock);
    if (w->first + i < w->failed) w->failed = w->first + i, w->number = number;
    fdml_lock_drop(&w->lock);
}

static void make_folders(work *w)
{
    char name[64], path[FDML_PATH_SIZE];
    for (uint32_t s = 0; s < count_species(&w->plumage); s++) {
        print_species(name, sizeof name, s);
        in_folder(path, w, name);
        if (mkdir(path, 0777)) give_up(w, name, strerror(errno));
    }
}

static void write_labels(const work *w)
{
    char name[64], path[FDML_PATH_SIZE];
    in_folder(path, w, "labels.csv");
    FILE *file = fopen(path, "wb");
    if (!file) give_up(w, "labels.csv", strerror(errno));
    fputs("path,label,split,color,share\n", file);
    for (size_t i = 0; i < w->n_items; i++) {
        const fdml_plumage_item *item = &w->item[i];
        print_path(name, sizeof name, item);
        fprintf(file, "%s,species%05u,%s,%s,%s\n", name, (unsigned)item->species,
                fdml_plumage_split_name(item->split), fdml_plumage_colour_name(item->colour),
                item->is_majority ? "majority" : "minority");
    }
    const bool is_bad = ferror(file);
    if (fclose(file) || is_bad) give_up(w, "labels.csv", strerror(errno));
}

/* Runs of pictures, with a look at signals and the progress line between. */
static void make_pictures(work *w, const cli_common *common)
{
    enum { RUN = 512 };
    const fdml_progress *progress = cli_progress_open(common);
    cli_progress_unit("pictures");
    for (w->first = 0; w->first < w->n_items; w->first += RUN) {
        const size_t left = w->n_items - w->first;
        fdml_parallel(left < RUN ? left : RUN, cli_threads(common), make_picture, w);
        if (w->failed < w->n_items) {
            char name[64];
            print_path(name, sizeof name, &w->item[w->failed]);
            give_up(w, name, strerror(w->number));
        }
        if (cli_noted_signal()) {
            cli_progress_clear();
            remove_folder(w);
            cli_end_by_signal(cli_noted_signal());
        }
        fdml_progress_report(progress, "drawing",
                             (double)(left < RUN ? w->n_items : w->first + RUN),
                             (double)w->n_items);
    }
    cli_progress_clear();
}

/* Proves that DIR can be made, by making it, and makes the folder beside it. */
static void open_folder(work *w, const char *out)
{
    size_t n = strlen(out);
    while (n > 1 && out[n - 1] == '/') n--;
    if (n + sizeof ".XXXXXX" > sizeof w->folder)
        cli_die(CLI_EXIT_DATA, "--out: path is too long");
    if (mkdir(out, 0777)) {
        if (errno != EEXIST)
            cli_die(CLI_EXIT_DATA, "%s: cannot make the folder: %s", out, strerror(errno));
        if (rmdir(out))
            cli_die(CLI_EXIT_DATA, "%s: is there already, and is no empty folder", out);
    } else {
        rmdir(out);
    }
    memcpy(w->folder, out, n);
    strcpy(w->folder + n, ".XXXXXX");
    if (!mkdtemp(w->folder))
        cli_die(CLI_EXIT_DATA, "%s: cannot make the folder: %s", out, strerror(errno));
}

static void close_folder(const work *w, const char *out)
{
    const mode_t mask = umask(0);
    umask(mask);
    if (!chmod(w->folder, 0777 & ~mask) && !rename(w->folder, out)) return;
    const int number = errno;
    remove_folder(w);
    cli_die(CLI_EXIT_DATA, "%s: cannot make the folder: %s", out, strerror(number));
}

static void prepare(work *w, const plumage_options *o, fdml_arena *arena)
{
    fdml_error err;
    const uint32_t per_test = (uint32_t)o->per_test;
    w->plumage = (fdml_plumage){ .n_species = { (uint32_t)o->n_train, (uint32_t)o->n_validation,
                                                (uint32_t)o->n_test },
                                 .per_class = { (uint32_t)o->per_class, per_test, per_test },
                                 .per_colour = (uint32_t)o->per_colour,
                                 .imbalance = parse_ratio(o->imbalance),
                                 .size = (uint32_t)o->size,
                                 .seed = o->seed };
    CLI_TRY(fdml_plumage_check(&w->plumage, &err), &err);
    const size_t n_threads = (size_t)cli_threads(&o->common);
    w->n_items = w->failed = fdml_plumage_count(&w->plumage);
    w->rgb_size = (size_t)(o->size * o->size * 3);
    w->png_size = fdml_png_size(o->size, o->size);
    fdml_plumage_item *item = fdml_arena_push(arena, w->n_items, sizeof *item);
    w->rgb = fdml_arena_push(arena, n_threads, w->rgb_size);
    w->png = fdml_arena_push(arena, n_threads, w->png_size);
    if (!item || !w->rgb || !w->png)
        cli_die(CLI_EXIT_DATA, "no memory for %zu pictures", w->n_items);
    CLI_TRY(fdml_plumage_list(item, &w->plumage, arena, &err), &err);
    w->item = item;
}

int synth_plumage(int argc, char **argv)
{
    static work w; /* its path is long */
    plumage_options o = { .imbalance = "9:1",
                          .n_train = 40,
                          .n_validation = 20,
                          .n_test = 40,
                          .per_class = 60,
                          .per_test = 60,
                          .per_colour = 4,
                          .size = 32,
                          .seed = 1 };
    fdml_arena arena;
    cli_begin(&synth_plumage_program);
    cli_parse(&synth_plumage_program, &o, argc, argv);
    synth_check_words(&o.common, o.out);
    fdml_arena_init(&arena, 0);
    prepare(&w, &o, &arena);
    cli_note_signals();
    open_folder(&w, o.out);
    make_folders(&w);
    write_labels(&w);
    make_pictures(&w, &o.common);
    close_folder(&w, o.out);
    if (!o.common.quiet)
        printf("%s: %zu pictures of %ux%u pixels, %u species, 8 colours\n", o.out, w.n_items,
               (unsigned)w.plumage.size, (unsigned)w.plumage.size,
               (unsigned)count_species(&w.plumage));
    fdml_arena_close(&arena);
    cli_outputs_commit();
    return 0;
}
