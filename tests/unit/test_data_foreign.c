/* test_data_foreign.c - files of other programs: first bytes as the formats' specifications
 * give them (RFC 1952, APPNOTE.TXT, the NumPy enhancement proposal 1, Parquet's README). CLI
 * tests have files that Python wrote. SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "data/foreign.h"

static void expect(const char *name, const char *bytes, size_t size, const char *begin)
{
    const char *what = fdml_foreign(name, bytes, size);
    cr_assert(what && !strncmp(what, begin, strlen(begin)), "%s: %s", name,
              what ? what : "NULL");
}

Test(data_foreign, by_first_bytes)
{
    expect("", "\x1F\x8B\x08", 3, "compressed by gzip");
    expect("", "PK\3\4", 4, "a zip archive");
    expect("", "\x93NUMPY\1\0", 8, "a NumPy array");
    expect("", "PAR1", 4, "a table of columns");
    expect("", "\x80\4\x95", 3, "a file of Python's objects");
    expect("emb.npy.gz", "\x1F\x8B", 2, "compressed by gzip");
}

/* A .pt is a zip archive, too: the name says more. */
Test(data_foreign, by_suffix_first)
{
    expect("emb.pt", "PK\3\4", 4, "a file of Python's objects");
    expect("A.PARQUET", "", 0, "a table of columns");
    expect("emb.h5", "x", 1, "HDF5");
}

Test(data_foreign, nothing_is_known)
{
    cr_assert_null(fdml_foreign("", "", 0));
    cr_assert_null(fdml_foreign("meta.csv", "a,b\n", 4));
    cr_assert_null(fdml_foreign("", "\x1F", 1)); /* shorter than any of them */
    cr_assert_null(fdml_foreign("", "PK\3", 3));
}
