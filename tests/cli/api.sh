# api.sh - the C library, as a program outside of this tree uses it.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT

# The example's rows, computed once more, as files.
example_files()
{
    awk 'BEGIN {
        print "identity,group" >"meta.csv"
        for (i = 0; i < 200; i++) {
            c = int(i / 5); b = c % 3 == 0
            print c "," (b ? "b" : "a") >"meta.csv"
            for (d = 0; d < 3; d++) {
                centre = (c * (d + 3) * 37) % 101; noise = (i * (d + 5) * 29) % 23 - 11
                printf "%s%d", d ? "," : "", centre + (b ? 2 : 1) * noise >"emb.csv"
            }
            print "" >"emb.csv"
        }
    }'
}

test_the_example_gives_the_bits_of_the_program()
{
    example_files
    run fdml-eval emb.csv meta.csv --label identity --group group --distance l2 -m retrieval \
        --seed 7 --format json
    assert_exit 0
    cp out report.json
    run example_audit
    assert_exit 0
    assert_stderr_empty
    assert_out 'group b: recall_at_1 '
    assert_out "result_sha256 $(json report.json 'r["result_sha256"]')"
}

test_the_header_compiles_alone()
{
    local flags='-Wall -Wextra -Wpedantic -Werror -fsyntax-only' cxx
    echo '#include <fdml.h>' >header.c
    # shellcheck disable=SC2086
    run ${CC:-cc} -std=c11 $flags -I"$REPO/include" header.c
    assert_exit 0
    cxx=$(command -v "${CXX:-c++}" || command -v g++ || command -v clang++ || true)
    [ -n "$cxx" ] || skip 'no C++ compiler is here'
    # shellcheck disable=SC2086
    run "$cxx" -std=c++17 $flags -I"$REPO/include" -x c++ header.c
    assert_exit 0
}
