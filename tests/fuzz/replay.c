/* replay.c - main() for a fuzz target where libFuzzer is not at hand.
 *
 * Runs the target once over every file named on the command line and every file of every
 * folder named there, so that the committed corpus is a regression test under any compiler and
 * under the emulator. A finding is a crash or a sanitizer's report.
 *
 * SPDX-License-Identifier: MIT */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A corpus file is small; a longer one is cut, which is one more input. */
#define INPUT_MAX ((size_t)1 << 20)

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = malloc(INPUT_MAX);
    if (!file || !data) {
        fprintf(stderr, "%s: cannot be read\n", path);
        free(data);
        if (file) fclose(file);
        return -1;
    }
    const size_t size = fread(data, 1, INPUT_MAX, file);
    fclose(file);
    /* A copy of the exact size lets AddressSanitizer see the first byte read past the end. */
    uint8_t *exact = realloc(data, size ? size : 1);
    if (exact) data = exact;
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

/* The files run, or -1 where one cannot be read. */
static int replay(const char *path)
{
    DIR *folder = opendir(path);
    if (!folder) return replay_file(path);

    int count = 0;
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        if (entry->d_name[0] == '.') continue;
        char inner[4096];
        const int length = snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        const int done = length < (int)sizeof inner ? replay_file(inner) : -1;
        if (done < 0) {
            count = -1;
            break;
        }
        count += done;
    }
    closedir(folder);
    return count;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        const int count = replay(argv[i]);
        if (count < 0) return 2;
        total += count;
    }
    printf("# %d inputs\n", total);
    return total == 0;
}
