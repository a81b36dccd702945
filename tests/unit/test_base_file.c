/* test_base_file.c - mapping, reading, and output that is complete or absent.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "scratch.h"

static void expect_io(fdml_status status, const fdml_error *err, const char *path,
                      const char *rest)
{
    char text[FDML_ERROR_MAX];
    snprintf(text, sizeof text, "%s: %s", path, rest);
    scratch_expect_error(status, err, FDML_E_IO, text);
}

Test(base_file, maps_what_is_there)
{
    fdml_map map;
    const char *path = scratch_write("a.bin", "\0abc\n", 5);
    cr_assert_eq(fdml_file_map(&map, path, NULL), FDML_OK);
    cr_assert_eq(map.size, 5u);
    cr_assert_arr_eq(map.data, "\0abc\n", 5);
    fdml_file_unmap(&map);
    cr_assert_null(map.data);
    fdml_file_unmap(&map);

    cr_assert_eq(fdml_file_map(&map, scratch_text("empty", ""), NULL), FDML_OK);
    cr_assert_eq(map.size, 0u);
    cr_assert_not_null(map.data);
    fdml_file_unmap(&map);
}

Test(base_file, refuses_what_is_no_file)
{
    fdml_map map = { (const unsigned char *)"untouched", 0 };
    fdml_error err;
    const char *path = scratch_path("missing");
    expect_io(fdml_file_map(&map, path, &err), &err, path, "No such file or directory");
    expect_io(fdml_file_map(&map, "/", &err), &err, "/", "is a directory");
    expect_io(fdml_file_map(&map, "/dev/null", &err), &err, "/dev/null",
              "is a pipe or device, expected a regular file");
    path = scratch_path("pipe");
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_io(fdml_file_map(&map, path, &err), &err, path, /* without waiting for a writer */
              "is a pipe or device, expected a regular file");
    cr_assert_str_eq((const char *)map.data, "untouched");
}

Test(base_file, reads_within_a_limit)
{
    fdml_arena arena;
    fdml_error err;
    const char *text, *path = scratch_text("small", "12345");
    size_t size;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_file_read(&text, &size, path, 5, &arena, NULL), FDML_OK);
    cr_assert_eq(size, 5u);
    cr_assert_str_eq(text, "12345");
    const size_t used = arena.used;
    cr_assert_eq(fdml_file_read(&text, &size, path, 4, &arena, &err), FDML_E_LIMIT);
    cr_assert(strstr(err.text, "small: 5 bytes, the limit is 4") != NULL);
    cr_assert_eq(fdml_file_read(&text, NULL, "/dev/zero", 100, &arena, &err), FDML_E_LIMIT);
    cr_assert_str_eq(err.text, "/dev/zero: more than 100 bytes");
    cr_assert_eq(fdml_file_read(&text, NULL, "/", 100, &arena, &err), FDML_E_IO);
    cr_assert_eq(arena.used, used);
    cr_assert_eq(fdml_file_read(&text, &size, "/dev/null", 100, &arena, NULL), FDML_OK);
    cr_assert_str_eq(text, "");
    fdml_arena_close(&arena);
}

Test(base_file, names_and_suffixes)
{
    cr_assert_str_eq(fdml_file_name("runs/a/emb.npy"), "emb.npy");
    cr_assert_str_eq(fdml_file_name("emb.npy"), "emb.npy");
    cr_assert(fdml_file_has_suffix("a.NPY", ".npy"));
    cr_assert(fdml_file_has_suffix(".npy", ".npy"));
    cr_assert_not(fdml_file_has_suffix("npy", ".npy"));
    cr_assert_not(fdml_file_has_suffix("a.npy.gz", ".npy"));
}

Test(base_file, commit_replaces_whole)
{
    fdml_output output;
    const char *path = scratch_text("report", "old");
    cr_assert_eq(chmod(path, 0640), 0);
    cr_assert_eq(fdml_output_open(&output, path, NULL, NULL), FDML_OK);
    fputs("new and longer", output.file);
    fflush(output.file);
    cr_assert_str_eq(scratch_read(path), "old");
    cr_assert_eq(fdml_output_commit(&output, NULL), FDML_OK);
    cr_assert_str_eq(scratch_read(path), "new and longer");
    struct stat st;
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0640u); /* the mode of what was replaced */
}

Test(base_file, abort_leaves_nothing)
{
    fdml_output output;
    const char *path = scratch_path("aborted");
    cr_assert_eq(fdml_output_open(&output, path, NULL, NULL), FDML_OK);
    char temporary[FDML_PATH_SIZE];
    memcpy(temporary, output.temporary, sizeof temporary);
    cr_assert_eq(access(temporary, F_OK), 0);
    fputs("half a rep", output.file);
    fdml_output_abort(&output);
    cr_assert_neq(access(path, F_OK), 0);
    cr_assert_neq(access(temporary, F_OK), 0);
    fdml_output_abort(&output);
}

Test(base_file, temporary_names_do_not_collide)
{
    fdml_output first, second;
    const char *path = scratch_path("shared");
    cr_assert_eq(fdml_output_open(&first, path, NULL, NULL), FDML_OK);
    cr_assert_eq(fdml_output_open(&second, path, NULL, NULL), FDML_OK);
    fputs("first", first.file);
    fputs("second", second.file);
    cr_assert_eq(fdml_output_commit(&second, NULL), FDML_OK);
    cr_assert_eq(fdml_output_commit(&first, NULL), FDML_OK);
    cr_assert_str_eq(scratch_read(path), "first");
}

Test(base_file, output_follows_links)
{
    fdml_output output;
    struct stat st;
    const char *path = scratch_text("real", "old"), *link = scratch_path("link");
    cr_assert_eq(symlink("real", link), 0);
    cr_assert_eq(fdml_output_open(&output, link, NULL, NULL), FDML_OK);
    fputs("new", output.file);
    cr_assert_eq(fdml_output_commit(&output, NULL), FDML_OK);
    cr_assert_str_eq(scratch_read(path), "new");
    cr_assert(lstat(link, &st) == 0 && S_ISLNK(st.st_mode));

    const char *loop = scratch_path("loop");
    fdml_error err;
    cr_assert_eq(symlink("loop", loop), 0);
    expect_io(fdml_output_open(&output, loop, NULL, &err), &err, loop,
              "too many symbolic links");
}

Test(base_file, output_says_why_not)
{
    fdml_output output;
    fdml_error err;
    const char *path = scratch_path("no/such/folder");
    expect_io(fdml_output_open(&output, path, NULL, &err), &err, path,
              "cannot write: No such file or directory");
    expect_io(fdml_output_open(&output, "/", NULL, &err), &err, "/", "is a directory");
    cr_assert_eq(fdml_output_open(&output, "", NULL, &err), FDML_E_IO);
    cr_assert_eq(fdml_output_open(&output, "-", NULL, &err), FDML_E_ARG);
}

Test(base_file, a_failed_rename_leaves_nothing)
{
    fdml_output output;
    fdml_error err;
    const char *path = scratch_path("taken");
    cr_assert_eq(fdml_output_open(&output, path, NULL, NULL), FDML_OK);
    char temporary[FDML_PATH_SIZE];
    memcpy(temporary, output.temporary, sizeof temporary);
    cr_assert_eq(mkdir(path, 0700), 0); /* a folder appears where the report should go */
    expect_io(fdml_output_commit(&output, &err), &err, path, "cannot write: Is a directory");
    cr_assert_neq(access(temporary, F_OK), 0);
    cr_assert_null(output.file);
}

Test(base_file, endless_paths_are_refused)
{
    fdml_output output;
    fdml_error err;
    char path[FDML_PATH_SIZE + 1];
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = 0;
    scratch_expect_error(fdml_output_open(&output, path, NULL, &err), &err, FDML_E_IO,
                         "output path has 4096 bytes, the limit is 4095");
    path[FDML_PATH_SIZE - 1] = 0; /* fits, but not with the name of a temporary file */
    cr_assert_eq(fdml_output_open(&output, path, NULL, &err), FDML_E_IO);
}

Test(base_file, full_devices_are_noticed)
{
    fdml_output output;
    fdml_error err;
    if (access("/dev/full", W_OK)) cr_skip_test("no /dev/full");
    cr_assert_eq(fdml_output_open(&output, "/dev/full", NULL, &err), FDML_OK);
    fputs("x", output.file);
    expect_io(fdml_output_commit(&output, &err), &err, "/dev/full",
              "cannot write: No space left on device");
    cr_assert_eq(access("/dev/full", F_OK), 0);
}

Test(base_file, standard_output_stays_open)
{
    fdml_output output;
    FILE *standard = tmpfile();
    cr_assert_not_null(standard);
    cr_assert_eq(fdml_output_open(&output, "-", standard, NULL), FDML_OK);
    fputs("text", output.file);
    cr_assert_eq(fdml_output_commit(&output, NULL), FDML_OK);
    cr_assert_eq(ftell(standard), 4L);
    fclose(standard);
}
