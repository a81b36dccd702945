/* train_events.h - scalars in TensorBoard's event files.
 *
 * A file is a row of records (TensorFlow's TFRecord): length as 8 bytes little-endian, the
 * masked CRC-32C of those 8, the bytes, their masked CRC-32C. Each record is an Event of
 * tensorflow/core/util/event.proto, of which four fields are written:
 *
 *     Event   1 wall_time double   2 step int64   3 file_version string   5 summary Summary
 *     Summary 1 value Value        Value   1 tag string   2 simple_value float
 *
 * The first record has the version "brain.Event:2". The format is stable and small, so it is
 * written by hand rather than from schemas that would bring TensorFlow's tree with them.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_TRAIN_EVENTS_H
#define FDML_TOOLS_TRAIN_EVENTS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define EVENTS_TAG_MAX 120 /* bytes of a tag; a longer one is cut */

/* The CRC of Castagnoli (polynomial 0x1edc6f41, reflected), as iSCSI's: RFC 3720, B.4. */
uint32_t events_crc32c(const void *bytes, size_t size);
/* What TFRecord stores in its place, so that a CRC over data with CRCs in it stays useful. */
uint32_t events_mask(uint32_t crc);

/* Write errors stay in the FILE. */
void events_begin(FILE *file, double wall_time);
void events_scalar(FILE *file, double wall_time, uint64_t step, const char *tag, float value);

#endif
