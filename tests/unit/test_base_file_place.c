/* test_base_file_place.c - one file under many names, and files that are not there yet.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_place.h"
#include "scratch.h"

static bool same(const char *a, const char *b)
{
    fdml_file_place p, q;
    fdml_file_place_find(&p, a);
    fdml_file_place_find(&q, b);
    cr_assert_eq(fdml_file_place_is_same(&p, &q), fdml_file_place_is_same(&q, &p));
    return fdml_file_place_is_same(&p, &q);
}

/* "folder/./name" of the scratch folder's file. */
static const char *dotted(const char *path)
{
    static char text[FDML_PATH_SIZE];
    const int length = (int)(fdml_file_name(path) - path);
    snprintf(text, sizeof text, "%.*s./%s", length, path, fdml_file_name(path));
    return text;
}

Test(base_file_place, one_file_has_many_names)
{
    const char *file = scratch_text("file", "x"), *other = scratch_text("other", "x");
    const char *soft = scratch_path("soft"), *hard = scratch_path("hard");
    cr_assert_eq(symlink("file", soft), 0);
    cr_assert_eq(link(file, hard), 0);
    cr_assert(same(file, file));
    cr_assert(same(file, dotted(file)));
    cr_assert(same(file, soft));
    cr_assert(same(file, hard));
    cr_assert(same(soft, hard));
    cr_assert_not(same(file, other));
}

Test(base_file_place, a_file_need_not_be_there)
{
    const char *file = scratch_path("new"), *soft = scratch_path("dangling");
    cr_assert_eq(symlink("new", soft), 0);
    cr_assert(same(file, dotted(file)));
    cr_assert(same(file, soft));
    cr_assert_not(same(file, scratch_path("newer")));
    cr_assert(same("new", "./new")); /* in the folder where the program runs */
    cr_assert_not(same("new", file));
}

Test(base_file_place, only_regular_files_count)
{
    cr_assert_not(same("/dev/null", "/dev/null"));
    cr_assert_not(same("/", "/"));
    cr_assert_not(same("", ""));
    cr_assert_not(same("/nosuch/folder/x", "/nosuch/folder/x"));
    const char *pipe_path = scratch_path("pipe");
    cr_assert_eq(mkfifo(pipe_path, 0600), 0);
    cr_assert_not(same(pipe_path, pipe_path));
}

Test(base_file_place, links_lead_somewhere_or_are_refused)
{
    char target[FDML_PATH_SIZE];
    const char *soft = scratch_path("soft"), *loop = scratch_path("loop");
    cr_assert_eq(symlink("/etc/nosuch", soft), 0);
    cr_assert_eq(fdml_file_follow(target, soft, NULL), FDML_OK);
    cr_assert_str_eq(target, "/etc/nosuch");
    cr_assert_eq(symlink("loop", loop), 0);
    cr_assert_eq(fdml_file_follow(target, loop, NULL), FDML_E_IO);
    static char longest[FDML_PATH_SIZE + 1];
    memset(longest, 'a', FDML_PATH_SIZE);
    cr_assert_eq(fdml_file_follow(target, longest, NULL), FDML_E_IO);
}
