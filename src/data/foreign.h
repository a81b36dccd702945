/* foreign.h - files of other programs that fdml does not read: what they are, and what to do.
 *
 * A reader that cannot make sense of a file asks, and puts the answer into its message: whoever
 * has a .pt or a .parquet wants to know how to come to a file that is read.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_FOREIGN_H
#define FDML_DATA_FOREIGN_H

#include <stddef.h>

/* "compressed by gzip: unpack it first", for behind "is"; NULL: nothing is known. By the suffix
 * of `name`, or else by the first bytes. */
const char *fdml_foreign(const char *name, const void *bytes, size_t size);

#endif
