/* test_data_folder.c - folders, lists and tables of pictures.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/folder.h"
#include "data/pictures.h"
#include "scratch.h"

static fdml_arena arena;
static const fdml_pictures_options plain = { NULL, false };

/* Files (and links "name>target") made below a new folder, whose path is returned. */
static const char *make_tree(const char *const *item, size_t n)
{
    static char root[512];
    snprintf(root, sizeof root, "%s", scratch_path("tree"));
    cr_assert_eq(mkdir(root, 0777), 0);
    for (size_t i = 0; i < n; i++) {
        char path[1024], target[256] = "";
        const char *link = strchr(item[i], '>');
        const int length = link ? (int)(link - item[i]) : (int)strlen(item[i]);
        snprintf(path, sizeof path, "%s/%.*s", root, length, item[i]);
        if (link) snprintf(target, sizeof target, "%s", link + 1);
        for (char *slash = path + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
            *slash = 0;
            mkdir(path, 0777);
            *slash = '/';
        }
        if (link) {
            cr_assert_eq(symlink(target, path), 0);
        } else {
            FILE *file = fopen(path, "w");
            cr_assert(file != NULL, "%s", path);
            fclose(file);
        }
    }
    return root;
}

static void remove_tree(void)
{
    char command[600];
    snprintf(command, sizeof command, "rm -rf '%s'", scratch_path("tree"));
    cr_assert_eq(system(command), 0);
}

static void expect_rows(const fdml_table *t, const char *const *want, size_t n)
{
    cr_assert_eq(t->n_rows, n, "%zu rows", t->n_rows);
    for (size_t i = 0; i < n; i++) {
        char got[600] = "";
        for (size_t c = 0; c < t->n_columns; c++)
            snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", c ? "|" : "",
                     fdml_table_cell(t, i, c));
        cr_assert_str_eq(got, want[i]);
    }
}

/* The whole sentence, with the folder's own path written as ROOT. */
static void expect_failure(const char *root, fdml_status want, const char *text)
{
    fdml_table t;
    fdml_folder_found found;
    fdml_error err = { 0 };
    char expected[1200];
    const char *rest = strncmp(text, "ROOT", 4) ? text : text + 4;
    fdml_arena_init(&arena, 0);
    snprintf(expected, sizeof expected, "%s%s", rest == text ? "" : root, rest);
    const fdml_status status = fdml_folder_read(&t, &found, root, &arena, &err);
    scratch_expect_error(status, &err, want, expected);
    cr_assert_eq(arena.used, 0);
    fdml_arena_close(&arena);
    remove_tree();
}

Test(data_folder, class_folders_in_bytewise_order)
{
    static const char *const item[] = { "b/2.png",     "b/10.PNG",   "a b/1.jpg", "a/x/1.JPEG",
                                        "a/notes.txt", ".git/1.jpg", "a/.1.jpg",  "README" };
    static const char *const want[] = { "a b/1.jpg|a b", "a/x/1.JPEG|a", "b/10.PNG|b",
                                        "b/2.png|b" };
    fdml_table t;
    fdml_folder_found found;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    const char *root = make_tree(item, 8);
    cr_assert_eq(fdml_folder_read(&t, &found, root, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(t.n_columns, 2);
    cr_assert_str_eq(t.name[0], "path");
    cr_assert_str_eq(t.name[1], "label");
    expect_rows(&t, want, 4);
    cr_assert_eq(found.n_classes, 3);
    cr_assert_eq(found.n_other, 2);
    fdml_arena_close(&arena);
    remove_tree();
}

Test(data_folder, no_class_folders_no_labels)
{
    static const char *const item[] = { "2.pgm", "1.bmp" }, *const want[] = { "1.bmp",
                                                                              "2.pgm" };
    fdml_table t;
    fdml_folder_found found;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_folder_read(&t, &found, make_tree(item, 2), &arena, NULL), FDML_OK);
    cr_assert_eq(t.n_columns, 1);
    expect_rows(&t, want, 2);
    cr_assert_eq(found.n_classes, 0);
    fdml_arena_close(&arena);
    remove_tree();
}

Test(data_folder, links_lead_to_files_and_classes_but_not_in_circles)
{
    static const char *const item[] = { "a/1.jpg", "a/2.jpg>1.jpg", "a/gone.jpg>nowhere",
                                        "a/up>..", "b>a" };
    static const char *const want[] = { "a/1.jpg|a", "a/2.jpg|a", "a/gone.jpg|a",
                                        "b/1.jpg|b", "b/2.jpg|b", "b/gone.jpg|b" };
    fdml_table t;
    fdml_folder_found found;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_folder_read(&t, &found, make_tree(item, 5), &arena, NULL), FDML_OK);
    expect_rows(&t, want, 6);
    fdml_arena_close(&arena);
    remove_tree();
}

Test(data_folder, refuses_what_has_no_meaning)
{
    static const char *const none[] = { "a/readme.md" },
                             *const mixed[] = { "a/1.jpg", "z.jpg" },
                             *const latin[] = { "a/\xe9.jpg" };
    expect_failure(make_tree(none, 1), FDML_E_DATA,
                   "ROOT: no pictures in it (.jpg .jpeg .png .bmp .pgm .ppm .pnm)");
    expect_failure(
        make_tree(mixed, 2), FDML_E_DATA,
        "ROOT/z.jpg: lies beside the folder 'a'; pictures must all be in class folders, "
        "or none");
    expect_failure(make_tree(latin, 1), FDML_E_DATA, "ROOT/a/\xe9.jpg: the name is not UTF-8");
    static const char *const deep[] = { "1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h.jpg" };
    const char *root = make_tree(deep, 1);
    fdml_table t;
    fdml_folder_found found;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_folder_read(&t, &found, root, &arena, NULL), FDML_OK); /* 16 folders */
    fdml_arena_close(&arena);
    remove_tree();
    static const char *const deeper[] = { "1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h/i.jpg" };
    expect_failure(
        make_tree(deeper, 1), FDML_E_LIMIT,
        "ROOT/1/2/3/4/5/6/7/8/9/a/b/c/d/e/f/g/h: folders within folders, the limit is "
        "16");
}

Test(data_folder, many_files)
{
    enum { N = 3000 };
    static char name[N][64];
    static const char *item[N];
    for (int i = 0; i < N; i++) {
        snprintf(name[i], sizeof name[i], "c%d/%s%04d.jpg", i % 7,
                 "a_rather_long_name_of_a_picture_", N - i);
        item[i] = name[i];
    }
    fdml_table t;
    fdml_folder_found found;
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_folder_read(&t, &found, make_tree(item, N), &arena, NULL), FDML_OK);
    cr_assert_eq(t.n_rows, N);
    cr_assert_eq(found.n_classes, 7);
    for (size_t i = 1; i < N; i++)
        cr_assert_lt(strcmp(fdml_table_cell(&t, i - 1, 0), fdml_table_cell(&t, i, 0)), 0);
    fdml_arena_close(&arena);
    remove_tree();
}

Test(data_pictures, a_table_with_paths_beside_it)
{
    fdml_pictures p;
    fdml_error err = { 0 };
    char path[FDML_PATH_SIZE], want[600];
    fdml_arena_init(&arena, 0);
    const char *csv =
        scratch_text("p.csv", "id,file,sex\n1,x/ann/1.jpg,F\n2,/abs/bob/2.jpg,M\n");
    const fdml_pictures_options named = { "file", false };
    cr_assert_eq(fdml_pictures_open(&p, csv, &named, &arena, &err), FDML_OK, "%s", err.text);
    static const char *const rows[] = { "1|x/ann/1.jpg|F", "2|/abs/bob/2.jpg|M" };
    expect_rows(&p.table, rows, 2);
    cr_assert_eq(fdml_pictures_path(path, &p, 0, NULL), FDML_OK);
    snprintf(want, sizeof want, "%s", scratch_path("x/ann/1.jpg"));
    cr_assert_str_eq(path, want);
    cr_assert_eq(fdml_pictures_path(path, &p, 1, NULL), FDML_OK);
    cr_assert_str_eq(path, "/abs/bob/2.jpg");
    const fdml_pictures_options labelled = { "file", true };
    cr_assert_eq(fdml_pictures_open(&p, csv, &labelled, &arena, NULL), FDML_OK);
    static const char *const more[] = { "1|x/ann/1.jpg|F|ann", "2|/abs/bob/2.jpg|M|bob" };
    expect_rows(&p.table, more, 2);
    cr_assert_str_eq(p.table.name[3], "label");
    fdml_arena_close(&arena);
}

Test(data_pictures, lines_and_arguments)
{
    fdml_pictures p;
    fdml_error err = { 0 };
    char path[FDML_PATH_SIZE];
    static const char *const rows[] = { "a/1.jpg|a", "b c/2.jpg|b c" };
    const fdml_pictures_options labelled = { NULL, true };
    fdml_arena_init(&arena, 0);
    const char *list = scratch_text("p.txt", "a/1.jpg\r\n\nb c/2.jpg");
    cr_assert_eq(fdml_pictures_open(&p, list, &labelled, &arena, &err), FDML_OK, "%s",
                 err.text);
    expect_rows(&p.table, rows, 2);
    cr_assert(p.table.line[0] == 1 && p.table.line[1] == 3);
    cr_assert_eq(fdml_pictures_read_lines(&p, list, "", &plain, &arena, NULL), FDML_OK);
    cr_assert_eq(fdml_pictures_path(path, &p, 1, NULL), FDML_OK);
    cr_assert_str_eq(path, "b c/2.jpg");
    static const char *const given[] = { "a/1.jpg", "b c/2.jpg" };
    cr_assert_eq(fdml_pictures_from_paths(&p, given, 2, &labelled, &arena, NULL), FDML_OK);
    expect_rows(&p.table, rows, 2);
    fdml_arena_close(&arena);
}

Test(data_pictures, folder_and_celeba_list)
{
    static const char *const item[] = { "ann/1.jpg" };
    fdml_pictures p;
    char path[FDML_PATH_SIZE], want[600];
    fdml_arena_init(&arena, 0);
    const char *root = make_tree(item, 1);
    cr_assert_eq(fdml_pictures_open(&p, root, &plain, &arena, NULL), FDML_OK);
    cr_assert_eq(fdml_pictures_path(path, &p, 0, NULL), FDML_OK);
    snprintf(want, sizeof want, "%s/ann/1.jpg", root);
    cr_assert_str_eq(path, want);
    remove_tree();
    cr_assert_eq(fdml_pictures_open(&p, scratch_text("l.txt", "1\nMale\n000001.jpg -1\n"),
                                    &plain, &arena, NULL),
                 FDML_OK);
    static const char *const rows[] = { "000001.jpg|-1" };
    expect_rows(&p.table, rows, 1);
    fdml_arena_close(&arena);
}

static void expect_refusal(const char *name, const char *text, bool label, const char *message)
{
    fdml_pictures p;
    fdml_error err = { 0 };
    char want[900];
    const fdml_pictures_options options = { NULL, label };
    fdml_arena_init(&arena, 0);
    const char *path = scratch_text(name, text);
    snprintf(want, sizeof want, "%s%s", path, message);
    scratch_expect_error(fdml_pictures_open(&p, path, &options, &arena, &err), &err,
                         FDML_E_DATA, want);
    cr_assert_eq(arena.used, 0);
    fdml_arena_close(&arena);
}

Test(data_pictures, refuses)
{
    expect_refusal("r.csv", "file\n1.jpg\n", false, ": no column 'path'; columns are file");
    expect_refusal("r.csv", "id,path\n1,a.jpg\n2,\n", false, ":3: path is empty");
    expect_refusal("r.csv", "path\na/1.jpg\n2.jpg\n", true,
                   ":3: '2.jpg' names no folder to take the label from");
    expect_refusal("r.csv", "path\n../1.jpg\n", true,
                   ":2: '../1.jpg' names no folder to take the label from");
    expect_refusal("r.csv", "path,label\na/1.jpg,x\n", true, ": has a column 'label' already");
    expect_refusal("r.txt", "\n\n", false, ": names no files");
}

Test(data_pictures, rows_kept)
{
    fdml_pictures p;
    static const uint32_t row[] = { 2, 0 };
    static const char *const want[] = { "c.jpg|3", "a.jpg|1" };
    fdml_arena_init(&arena, 0);
    const char *csv = scratch_text("k.csv", "path,n\na.jpg,1\nb.jpg,2\nc.jpg,3\n");
    cr_assert_eq(fdml_pictures_open(&p, csv, &plain, &arena, NULL), FDML_OK);
    cr_assert_eq(fdml_table_keep_rows(&p.table, row, 2, &arena, NULL), FDML_OK);
    expect_rows(&p.table, want, 2);
    cr_assert(p.table.line[0] == 4 && p.table.line[1] == 2);
    fdml_arena_close(&arena);
}
