/* train_data.h - what a run is trained on and validated with: rows, classes, attributes.
 *
 * Rows are those of the table, counted from 0. Which of them train and which validate follows
 * from the configuration and the seed alone (train/split.h). Functions that find a mistake of
 * the user end the program as those of cli.h do.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_TRAIN_DATA_H
#define FDML_TOOLS_TRAIN_DATA_H

#include "base/hash.h"
#include "cli.h"
#include "config.h"
#include "data/factor.h"
#include "data/matrix.h"
#include "data/pictures.h"
#include "data/preprocess.h"

/* Rows that are used for one purpose; levels are those that these rows have. */
typedef struct train_part {
    size_t n;
    const uint32_t *row; /* [n] of the table, ascending */
    fdml_factor label;   /* [n] */
    fdml_factor attribute[CONFIG_MAX_ATTRIBUTES];
} train_part;

typedef struct fdml_images fdml_images; /* train/images.h */

/* The attribute that data.minority_classes makes: whether the class of a row lost rows. Classes
 * that do not train, as those of data.validation, are neither: nobody drew among them. */
#define TRAIN_INDUCED "induced"
typedef enum train_group { GROUP_UNSEEN, GROUP_MAJORITY, GROUP_MINORITY } train_group;
extern const char *const train_group_name[]; /* [train_group] "unseen", ... */

typedef struct train_data {
    const char *shown;       /* images or embeddings, as the user wrote it */
    const char *table_shown; /* the table, likewise */
    bool is_pictures;
    fdml_pictures pictures; /* its table alone where rows are embeddings */
    fdml_matrix matrix;     /* where they are */
    fdml_images *images;    /* where they are not */
    size_t item;            /* floats of a row */
    size_t side;            /* pictures: height and width, as the network takes them */
    size_t n_attributes;
    train_part train, validation;
    /* Codes that training sees: permuted where parade.shuffle_attribute says so. */
    const uint32_t *attribute[CONFIG_MAX_ATTRIBUTES];
    size_t memory;  /* bytes beside mapped files and decoded pictures */
    uint8_t *fate;  /* [n_rows of the table] train_fate, for RUN/rows.csv */
    uint8_t *group; /* [n_rows of the table] train_group; NULL without data.minority_classes */
    size_t n_bad;
    char
        sha256[FDML_SHA256_HEX]; /* of rows, classes, attributes, values or bytes of pictures */
} train_data;

typedef enum train_fate {
    FATE_NONE,
    FATE_TRAIN,
    FATE_VALIDATION,
    FATE_TEST,
    FATE_BAD,     /* a picture that cannot be read, with data.skip_bad */
    FATE_REMOVED, /* by the induced imbalance */
    FATE_MINORITY /* trains, and is of a class that lost rows */
} train_fate;

/* cache: bytes of decoded pictures that are kept for now, at most data.cache. */
void train_data_open(train_data *data, const config *c, const cli_common *common, size_t cache,
                     fdml_arena *arena);
void train_data_close(train_data *data);

/* Rows of the table to what the network takes, [n, item]; step and augmentation only where
 * is_training. The first row that cannot be read is named. */
fdml_status train_data_load(float *x, const train_data *data, const uint32_t *row, size_t n,
                            const uint64_t *step, fdml_error *err);

/* "row,part": what became of every row; and its group, "induced", where there is one. */
void train_data_write_rows(FILE *file, const train_data *data);

/* tools/train_hash.c: fills sha256. */
void train_data_hash(train_data *data, const cli_common *common, fdml_arena *arena);

/* tools/train_pictures.c: data->images and what they are like. */
void train_pictures_open(train_data *data, const config *c, const cli_common *common,
                         size_t cache);
/* What validation does to a picture, and whoever uses the model has to. */
fdml_preprocess train_pictures_preprocess(const config *c, size_t side);

#endif
