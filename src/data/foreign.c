/* foreign.c - see foreign.h. First bytes are those of the formats' specifications.
 * SPDX-License-Identifier: MIT */
#include "data/foreign.h"

#include <string.h>

#include "base/file.h"

#define PACKED ": unpack it first"
static const char gzip[] = "compressed by gzip" PACKED;
static const char bzip2[] = "compressed by bzip2" PACKED;
static const char xz[] = "compressed by xz" PACKED;
static const char zstd[] = "compressed by zstd" PACKED;
static const char numpy[] =
    "a NumPy array: as embeddings it comes first, as labels it is --label FILE.npy";
static const char zip[] = "a zip archive, as .npz, .xlsx and .pt files are";
static const char python[] =
    "a file of Python's objects: save an array by numpy.save, a table by to_csv of pandas";
static const char columns[] =
    "a table of columns: read it by pandas and save it by to_csv, numbers by numpy.save";
static const char hdf5[] = "HDF5: save the array by numpy.save";
static const char sheet[] = "a spreadsheet: save it as CSV, UTF-8";
static const char json[] = "JSON: save an array by numpy.save, a table by to_csv of pandas";
static const char matlab[] =
    "a file of MATLAB's: save the array by numpy.save, after scipy.io.loadmat";
static const char text[] = "text: name it .csv if it holds one row a line";

static const struct {
    const char *bytes;
    size_t size;
    const char *what;
} starts[] = { { "\x1F\x8B", 2, gzip },
               { "BZh", 3, bzip2 },
               { "\xFD"
                 "7zXZ",
                 5, xz },
               { "\x28\xB5\x2F\xFD", 4, zstd },
               { "\x93NUMPY", 6, numpy },
               { "PK\3\4", 4, zip },
               { "\x80\2", 2, python },
               { "\x80\3", 2, python },
               { "\x80\4", 2, python },
               { "\x80\5", 2, python },
               { "PAR1", 4, columns },
               { "ARROW1", 6, columns },
               { "FEA1", 4, columns },
               { "\x89HDF\r\n\x1A\n", 8, hdf5 },
               { "MATLAB 5.0", 10, matlab } };

static const struct {
    const char *suffix, *what;
} suffixes[] = { { ".pt", python },       { ".pth", python },    { ".pkl", python },
                 { ".pickle", python },   { ".joblib", python }, { ".parquet", columns },
                 { ".feather", columns }, { ".arrow", columns }, { ".h5", hdf5 },
                 { ".hdf5", hdf5 },       { ".mat", matlab },    { ".xlsx", sheet },
                 { ".xls", sheet },       { ".ods", sheet },     { ".json", json },
                 { ".jsonl", json },      { ".txt", text } };

const char *fdml_foreign(const char *name, const void *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
        if (fdml_file_has_suffix(name, suffixes[i].suffix)) return suffixes[i].what;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
        if (size >= starts[i].size && !memcmp(bytes, starts[i].bytes, starts[i].size))
            return starts[i].what;
    return NULL;
}
