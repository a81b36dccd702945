/* train_events.c - see train_events.h.
 *
 * Protocol buffers' wire format: a key (field << 3 | type) as varint, then a varint (type 0),
 * eight bytes (1), a length and that many bytes (2), or four bytes (5), little-endian.
 * SPDX-License-Identifier: MIT */
#include "train_events.h"

#include <string.h>

enum { VARINT = 0, FIXED64 = 1, BYTES = 2, FIXED32 = 5 };
enum { EVENT_MAX = 64 + EVENTS_TAG_MAX };

uint32_t events_crc32c(const void *bytes, size_t size)
{
    /* Bit by bit: a scalar's record has about fifty bytes. */
    const unsigned char *at = bytes;
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < size; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (0x82f63b78u & (0u - (crc & 1)));
    }
    return crc ^ 0xffffffffu;
}

uint32_t events_mask(uint32_t crc)
{
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

/* A message as it grows; its owner has made the room large enough. */
typedef struct message {
    unsigned char bytes[EVENT_MAX];
    size_t n;
} message;

static void put_fixed(message *m, uint64_t value, int n_bytes)
{
    for (int i = 0; i < n_bytes; i++) m->bytes[m->n++] = (unsigned char)(value >> 8 * i);
}

static void put_varint(message *m, uint64_t value)
{
    for (; value >= 128; value >>= 7) m->bytes[m->n++] = (unsigned char)(value | 128);
    m->bytes[m->n++] = (unsigned char)value;
}

static void put_key(message *m, unsigned field, unsigned type)
{
    put_varint(m, field << 3 | type);
}

static void put_double(message *m, unsigned field, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(m, field, FIXED64);
    put_fixed(m, bits, 8);
}

static void put_float(message *m, unsigned field, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_key(m, field, FIXED32);
    put_fixed(m, bits, 4);
}

static void put_bytes(message *m, unsigned field, const void *bytes, size_t n)
{
    put_key(m, field, BYTES);
    put_varint(m, n);
    memcpy(m->bytes + m->n, bytes, n);
    m->n += n;
}

static void write_record(FILE *file, const message *event)
{
    message head = { .n = 0 }, tail = { .n = 0 };
    put_fixed(&head, event->n, 8);
    put_fixed(&head, events_mask(events_crc32c(head.bytes, 8)), 4);
    put_fixed(&tail, events_mask(events_crc32c(event->bytes, event->n)), 4);
    fwrite(head.bytes, 1, head.n, file);
    fwrite(event->bytes, 1, event->n, file);
    fwrite(tail.bytes, 1, tail.n, file);
}

void events_begin(FILE *file, double wall_time)
{
    static const char version[] = "brain.Event:2";
    message event = { .n = 0 };
    put_double(&event, 1, wall_time);
    put_bytes(&event, 3, version, sizeof version - 1);
    write_record(file, &event);
}

void events_scalar(FILE *file, double wall_time, uint64_t step, const char *tag, float value)
{
    message item = { .n = 0 }, summary = { .n = 0 }, event = { .n = 0 };
    const size_t length = strlen(tag);
    put_bytes(&item, 1, tag, length < EVENTS_TAG_MAX ? length : EVENTS_TAG_MAX);
    put_float(&item, 2, value);
    put_bytes(&summary, 1, item.bytes, item.n);
    put_double(&event, 1, wall_time);
    put_key(&event, 2, VARINT);
    put_varint(&event, step);
    put_bytes(&event, 5, summary.bytes, summary.n);
    write_record(file, &event);
}
