/* train_split.h - which rows train, which validate: data.split, zero_shot, validation and
 * minority_classes of a configuration, carried out. tools/train_split.c
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_TRAIN_SPLIT_H
#define FDML_TOOLS_TRAIN_SPLIT_H

#include "train_data.h"

/* Fills data->fate of rows that are not FATE_BAD. */
void train_split(train_data *data, const config *c, const cli_common *common,
                 fdml_arena *arena);

#endif
