/* fake_weights.h - files with the tensors of a backbone, a few MB each whatever the net.
 *
 * The names and shapes are written down from the definition of the nets (torchvision's
 * state_dict) and not taken from the code under test. All tensors share one block of bytes,
 * which the format allows, so a ResNet-50 is as small as its largest layer.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_FAKE_WEIGHTS_H
#define FDML_TESTS_UNIT_FAKE_WEIGHTS_H

#include "data/safetensors_write.h"

enum { FAKE_MAX = 400, FAKE_NAME = 64 };

typedef struct fake_weights {
    fdml_safetensors_item item[FAKE_MAX]; /* data not set */
    char name[FAKE_MAX][FAKE_NAME];
    size_t n;
    const char *metadata[6]; /* key, value, ... until NULL */
} fake_weights;

void fake_add(fake_weights *fake, const char *name, int rank, const size_t *dim);
size_t fake_find(const fake_weights *fake, const char *name); /* place; fails the test */
void fake_remove(fake_weights *fake, const char *name);

void fake_resnet(fake_weights *fake, int layers); /* 18, 34, 50 */
void fake_mobilenet_v2(fake_weights *fake);
void fake_mobilefacenet(fake_weights *fake);

/* The file as bytes, F16 where not said otherwise by item.dtype; free() it. */
unsigned char *fake_bytes(const fake_weights *fake, size_t *size);

#endif
