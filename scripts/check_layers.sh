#!/usr/bin/env bash
# check_layers.sh - who may include and call what. One rule, one line of output.
#
#   scripts/check_layers.sh [ROOT]        checks the tree at ROOT [.]
#   scripts/check_layers.sh --self-test   plants one violation of each rule and expects a catch
#
# base <- simd <- data <- model <- train and base <- simd <- data <- eval <- api, explain: a layer
# includes itself and what stands left of it, always as "layer/file.h"; simd includes only simd.
# Neither of api and explain includes the other. tests and bench may include anything, and nothing
# includes them. Comments and string literals are blanked before the rules look, so prose about
# printf is no violation.
#
# SPDX-License-Identifier: MIT
set -euo pipefail

# Prints "path:line:text" of every source line, without comments and without the inside of
# literals (an #include keeps its name).
code_lines()
{
    # shellcheck disable=SC2016 # awk's dollars
    { find src tools include \( -name '*.[ch]' -o -name '*.def' \) 2>/dev/null || true; } |
        LC_ALL=C sort | xargs awk '
    FNR == 1 { in_comment = 0 }
    {
        line = $0; out = ""
        if (!in_comment && line ~ /^[ \t]*#[ \t]*include/) { print FILENAME ":" FNR ":" line; next }
        while (line != "") {
            if (in_comment) {
                end = index(line, "*/")
                if (!end) { line = ""; break }
                line = substr(line, end + 2); in_comment = 0
            } else if (substr(line, 1, 2) == "/*") {
                in_comment = 1; line = substr(line, 3)
            } else if (substr(line, 1, 2) == "//") {
                line = ""
            } else if (match(line, /^"([^"\\]|\\.)*"/)) {
                out = out "\"\""; line = substr(line, RLENGTH + 1)
            } else if (match(line, /^\047([^\047\\]|\\.)+\047/)) {
                out = out "0"; line = substr(line, RLENGTH + 1)
            } else {
                out = out substr(line, 1, 1); line = substr(line, 2)
            }
        }
        if (out ~ /[^ \t]/) print FILENAME ":" FNR ":" out
    }' /dev/null
}

# rule TEXT: the violations come on stdin
rule()
{
    local found
    found=$(cat)
    if [ -z "$found" ]; then
        echo "ok - $1"
    else
        printf 'not ok - %s\n%s\n' "$1" "$found"
    fi
}

# lines REGEX: source lines whose text matches
lines()
{
    grep -E "^[^:]*:[0-9]+:.*($1)" "$code" || true
}

# except PATH-REGEX: drops what is in files that may
except()
{
    grep -vE "^($1):" || true
}

# owned HEADER-REGEX OWNER-PATH-REGEX: one owner per dependency
owned()
{
    lines "#[ \t]*include[ \t]*[<\"]($1)[>\"]" | except "$2" | rule "only $2 includes $1"
}

check_tree()
{
    code=$(mktemp)
    code_lines >"$code"

    awk -F: '
    BEGIN {
        may["base"] = " base "; may["simd"] = " simd "; may["data"] = " base simd data "
        may["model"] = " base simd data model "; may["train"] = " base simd data model train "
        may["eval"] = " base simd data eval "; may["api"] = " base simd data eval api "
        may["explain"] = " base simd data eval explain "
    }
    /^src\/[^:]*:[0-9]+:[ \t]*#[ \t]*include[ \t]*"/ {
        split($1, part, "/"); name = $0; sub(/^[^"]*"/, "", name); sub(/".*/, "", name)
        if (split(name, to, "/") < 2 || index(may[part[2]], " " to[1] " ") == 0) print
    }' "$code" | rule 'src includes only leftwards, as "layer/file.h"'

    lines '#[ \t]*include[ \t]*["<](\.\./|tests/|bench/)' |
        rule 'nothing includes tests, bench or a ../ path'
    owned 'sleef[^>"]*\.h' 'src/simd/vec_math\.h'
    owned 'omp\.h' 'src/base/parallel\.c'
    owned '(cjson/)?cJSON\.h' 'src/base/json\.[ch]'
    owned 'zip\.h' 'src/data/npz\.c'
    owned '(protobuf-c|.*\.pb-c\.h)[^>"]*' 'src/data/onnx_[a-z]*\.c'
    owned '(.*/)?stb_[a-z_]*\.h' 'src/data/image\.c'
    owned 'ini\.h' 'tools/config\.c'
    owned '([a-z]*mmintrin|x86intrin|x86gprintrin|arm_neon|arm_sve|arm_acle|cpuid)\.h' 'src/simd/vec[a-z0-9_]*\.h'
    lines '#[ \t]*include[ \t]*<sodium[^>]*>' | cut -d: -f1 | sort -u |
        awk '{ file[NR] = $0 } END { if (NR > 1) for (i = 1; i <= NR; i++) print file[i] }' |
        rule 'only one file includes sodium.h'
    lines '#[ \t]*pragma[ \t]+omp' | except 'src/base/parallel\.c' |
        rule 'only src/base/parallel.c opens OpenMP regions'

    lines '(^|[^A-Za-z0-9_])(v?printf|puts|putchar|perror|getchar|gets)[ \t]*\(|(^|[^A-Za-z0-9_])(stdout|stderr|stdin)([^A-Za-z0-9_]|$)' |
        except 'tools/[^:]*' | rule 'src prints nothing'
    lines '(^|[^A-Za-z0-9_])(_?exit|_Exit|quick_exit|abort)[ \t]*\(' |
        except 'tools/[^:]*' | rule 'src never ends the process'
    lines '(^|[^A-Za-z0-9_])(secure_)?getenv[ \t]*\(' |
        except 'tools/[^:]*' | rule 'src reads no environment'
    lines '#[ \t]*(if|ifdef|ifndef|elif).*(__x86_64|__i386|__amd64|_M_X64|_M_ARM|__aarch64|__arm|__ARM_|__AVX|__SSE|__FMA)' |
        except 'src/simd/(dispatch\.c|vec\.h)' |
        rule 'only dispatch.c and vec.h ask for the architecture'

    rm -f "$code"
}

# A tree that breaks no rule, though its prose and its strings mention what the rules forbid.
clean_tree()
{
    mkdir -p "$1/src/base" "$1/src/simd" "$1/src/data" "$1/src/eval" "$1/src/explain" "$1/tools"
    cat >"$1/src/eval/clean.c" <<'END'
/* printf("x"); getenv; #include <omp.h>
 * abort(); */
#include "base/status.h"
static int ok; // exit(1)
const char *s = "printf(\"%d\"); exit(1)", quote = '"', t[] = "stdout";
END
    echo 'int main(void) { printf("x"); exit(getenv("A") != 0); }' >"$1/tools/fdml-x.c"
}

# caught RULE PATH TEXT: is TEXT, put in PATH of an otherwise clean tree, reported there?
caught()
{
    local tree
    tree=$(mktemp -d)
    clean_tree "$tree"
    printf '%s\n' "$3" >"$tree/$2"
    if "$self" "$tree" >"$tree/log"; then
        echo "not ok - self-test: $1: '$3' in $2 is not caught"
    elif ! grep -q "^$2:" "$tree/log"; then
        echo "not ok - self-test: $1: reported without its place:"
        cat "$tree/log"
    else
        echo "ok - self-test: $1"
    fi
    rm -rf "$tree"
}

self_test()
{
    local tree log
    tree=$(mktemp -d)
    clean_tree "$tree"
    if log=$("$self" "$tree"); then
        echo 'ok - self-test: a clean tree passes'
    else
        printf 'not ok - self-test: a clean tree passes\n%s\n' "$log"
    fi
    rm -rf "$tree"
    caught 'rightward include' src/base/a.c '#include "eval/metrics.h"'
    caught 'eval and model are apart' src/eval/a.c '#include "model/graph.h"'
    caught 'nothing includes api' src/eval/a.c '#include "api/handles.h"'
    caught 'nothing includes explain' src/eval/a.c '#include "explain/tabular.h"'
    caught 'explain and model are apart' src/explain/a.c '#include "model/graph.h"'
    caught 'simd stands alone' src/simd/a.c '#include "base/status.h"'
    caught 'include without its layer' src/data/a.c '#include "npy.h"'
    caught 'tests included' src/eval/a.c '#include "tests/x.h"'
    caught 'tools included' src/data/a.c '#include "cli.h"'
    caught 'SLEEF' src/simd/a.c '#include <sleef.h>'
    caught 'OpenMP header' src/eval/a.c '#include <omp.h>'
    caught 'OpenMP region' src/eval/a.c '#pragma omp parallel for'
    caught 'cJSON' src/eval/a.c '#include <cjson/cJSON.h>'
    caught 'libzip' src/data/csv.c '#include <zip.h>'
    caught 'inih' tools/a.c '#include <ini.h>'
    caught 'protobuf-c' src/data/csv.c '#include <protobuf-c/protobuf-c.h>'
    caught 'a generated header' src/data/csv.c '#include "data/onnx.pb-c.h"'
    caught 'intrinsics' src/eval/a.c '#include <immintrin.h>'
    caught 'printing' src/eval/a.c '    printf("%d", 1);'
    caught 'stderr' src/eval/a.c '    fprintf(stderr, "no");'
    caught 'exit' src/data/a.c '    if (bad) exit(2);'
    caught 'abort' src/simd/a.c '    abort();'
    caught 'getenv' src/base/a.c 'const char *s = getenv("X");'
    caught 'architecture' src/eval/a.c '#if defined(__x86_64__)'
    caught 'architecture in tools' tools/a.c '#ifdef __aarch64__'
}

self=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
if [ "${1:-}" = --self-test ]; then
    results=$(self_test)
else
    cd "${1:-.}"
    results=$(check_tree)
fi
grep -v '^ok - ' <<<"$results" || true
passed=$(grep -c '^ok - ' <<<"$results" || true)
failed=$(grep -c '^not ok - ' <<<"$results" || true)
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
