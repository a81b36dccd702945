# lib.sh - what a CLI test may use. run.sh sources it before each test file.
#
# A test is a function test_NAME of a file tests/cli/NAME.sh. It runs in a process of its own,
# under `set -euo pipefail`, in an empty folder that is removed afterwards; the programs are on
# PATH. It fails at the first command that fails. $REPO is the tree, $SHARED the shared data.
#
#   run fdml-eval emb.npy meta.csv         runs it; $status, files `out` and `err` are left
#   assert_exit 2                          of the last run
#   assert_stderr_line 'meta.csv:3: ...'   stderr is exactly one line and contains this text
#   assert_out 'recall_at_1'               stdout contains this text
#   assert_no_out                          stdout is empty
#   assert_file F, assert_no_file F, assert_same F G
#   assert_eq GOT WANT
#   assert_json FILE PYTHON                PYTHON is an expression over r, the parsed file
#   json FILE PYTHON                       prints the expression's value
#   bad_input 'message' fdml-eval ...      runs it, expects exit 2, this one line, nothing on stdout
#   bad_usage 'message' fdml-eval ...      the same with exit 1
#   need_shared embeddings/lfw_mobilefacenet    skips where absent; fails where absent and CI=true
#   skip REASON
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT

fail()
{
    echo "FAILED: $*" >&2
    if [ -n "${last_run:-}" ]; then
        echo "  after: $last_run (exit $status)" >&2
        sed 's/^/  out: /' out | head -20 >&2
        sed 's/^/  err: /' err | head -20 >&2
    fi
    exit 1
}

skip()
{
    echo "SKIP $*"
    exit 77
}

need_shared()
{
    [ -e "$SHARED/$1" ] && return
    [ "${CI:-false}" != true ] || fail "CI=true and ../shared/$1 is absent"
    skip "../shared/$1 is absent"
}

last_run=
status=0

# A program that hangs fails its test. A sanitizer's report must not look like exit 1 or 2.
run()
{
    local limit=()
    if command -v timeout >/dev/null; then limit=(timeout "${RUN_LIMIT:-300}"); fi
    last_run="$*"
    status=0
    ${limit[@]+"${limit[@]}"} "$@" >out 2>err </dev/null || status=$?
    [ "$status" -ne 124 ] || fail "took more than ${RUN_LIMIT:-300} s"
    [ "$status" -lt 86 ] || fail "crashed or was stopped by a sanitizer"
}

assert_exit()
{
    [ "$status" -eq "$1" ] || fail "exit status $status, expected $1"
}

assert_eq()
{
    [ "$1" = "$2" ] || fail "got '$1', expected '$2'"
}

assert_stderr_line()
{
    [ "$(wc -l <err)" -eq 1 ] || fail "stderr has $(wc -l <err) lines, expected one"
    grep -qF -- "$1" err || fail "stderr lacks '$1'"
}

assert_stderr_empty()
{
    [ ! -s err ] || fail "stderr is not empty"
}

assert_out()
{
    grep -qF -- "$1" out || fail "stdout lacks '$1'"
}

assert_not_out()
{
    ! grep -qF -- "$1" out || fail "stdout has '$1'"
}

assert_no_out()
{
    [ ! -s out ] || fail "stdout is not empty"
}

assert_file()
{
    [ -s "$1" ] || fail "file $1 is missing or empty"
}

assert_no_file()
{
    [ ! -e "$1" ] || fail "file $1 was left behind"
}

assert_same()
{
    cmp -- "$1" "$2" || fail "$1 and $2 differ"
}

json()
{
    python3 - "$1" "$2" <<'END'
import json, sys
with open(sys.argv[1], encoding="utf-8") as file:
    r = json.load(file)
print(eval(sys.argv[2]))
END
}

assert_json()
{
    local got
    got=$(json "$1" "$2") || fail "$1: cannot evaluate $2"
    [ "$got" = True ] || fail "$1: not true: $2 (got $got)"
}

bad_input()
{
    local message=$1
    shift
    run "$@"
    assert_exit 2
    assert_stderr_line "$message"
    assert_no_out
}

bad_usage()
{
    local message=$1
    shift
    run "$@"
    assert_exit 1
    assert_stderr_line "$message"
    assert_no_out
}
