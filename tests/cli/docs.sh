# docs.sh - what the documents say is what the programs do.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT

test_definitions_are_current()
{
    BIN=$BIN run "$REPO/scripts/make_definitions.sh"
    assert_exit 0
    assert_same out "$REPO/docs/definitions.md"
    # and has each sentence, whatever the script does
    fdml-eval --define all | awk '
        /^[^ ]/ { if (text) print text; text = ""; next }
        { sub(/^ +/, ""); text = text (text == "" ? "" : " ") $0 }
        END { print text }' >sentences
    tr '\n' ' ' <"$REPO/docs/definitions.md" >page
    [ "$(wc -l <sentences)" -gt 50 ] || fail 'sentences were not found'
    while read -r sentence; do
        grep -qF -- "$sentence" page || fail "docs/definitions.md lacks: $sentence"
    done <sentences
}

# What a gate can name has a definition: the functions of the grammar in gate.h, but p and the
# sets, which are there as well.
test_functions_of_gates_are_defined()
{
    sed -n '/^ \*   operand/,/^ \*   group/p' "$REPO/src/eval/gate.h" | grep -o '"[a-z_]*"' | tr -d '"' | sort -u >names
    [ "$(wc -l <names)" -ge 13 ] || fail 'the grammar was not found'
    while read -r name; do
        run fdml-eval --define "$name"
        assert_exit 0
    done <names
}

test_configuration_is_current()
{
    run fdml-train --print-config
    assert_exit 0
    assert_same out "$REPO/docs/train.ini"
}

# programs: their names, one a line
programs()
{
    find "$REPO/tools" -name 'fdml-*.c' | sed 's|.*/||; s|\.c$||' | sort
}

# help_options PROGRAM: long options that --help lists, with those of the program's commands
help_options()
{
    local command commands=
    [ "$1" != fdml-synth ] || commands='embeddings plumage'
    for command in '' $commands; do
        # shellcheck disable=SC2086 # none, or a word
        "$1" $command --help | sed -n 's/^  .\{4\}--\([a-z-]*\).*/\1/p'
    done | sort -u
}

test_man_pages_have_the_options_of_help()
{
    local program
    for program in $(programs); do
        help_options "$program" >wanted
        assert_file wanted
        awk '/^\.TP/ { tag = 1; next }
            tag { gsub(/\\-/, "-"); if (match($0, /--[a-z][a-z-]*/)) print substr($0, RSTART + 2, RLENGTH - 2) }
            { tag = 0 }' "$REPO/docs/man/$program.1" | sort -u >found
        diff wanted found || fail "$program.1 and --help list different options"
        grep -q '^\.SH EXAMPLES' "$REPO/docs/man/$program.1" || fail "$program.1 has no examples"
        grep -q "^\.BR $program (1)" "$REPO/docs/man/fdml.7" || fail "fdml.7 lacks $program"
    done
}

test_man_pages_are_well_formed()
{
    local page checked=
    for page in "$REPO"/docs/man/*.[17]; do
        if man --version 2>/dev/null | grep -q '^man 2'; then # man-db
            checked=1
            man --warnings -E UTF-8 -l -Tutf8 "$page" >/dev/null 2>err || fail "man cannot show $page"
            assert_stderr_empty
        fi
        if command -v mandoc >/dev/null; then
            checked=1
            # an empty date is meant: the pages belong to the program's version
            mandoc -T lint -W warning "$page" | grep -v 'missing date' >err || true
            assert_stderr_empty
        fi
    done
    [ -n "$checked" ] || skip 'neither man-db nor mandoc is here'
}

# shown_commands FILE...: the commands of their code blocks and examples, one a line
shown_commands()
{
    sed 's/\\-/-/g' "$@" | awk '
        /\\$/ { sub(/ *\\$/, " "); held = held $0; next }
        { print held $0; held = "" }' |
        sed -n 's/^[ $]*\(fdml-[a-z]* .*\)/\1/p' | sed 's/ *# .*//'
}

# Options that a program does not have, in any document.
test_commands_in_documents_have_known_options()
{
    local program line option
    shown_commands "$REPO"/README.md "$REPO"/docs/*.md "$REPO"/docs/man/*.[17] "$REPO"/examples/gate.yml >commands
    [ "$(wc -l <commands)" -gt 50 ] || fail 'commands of the documents were not found'
    for program in $(programs); do help_options "$program" >"$program.options"; done
    while read -r program line; do
        assert_file "$program.options"
        { grep -oE -- '(^| )--[a-z][a-z-]*' <<<"$line" || true; } | sed 's/.*--//' >used
        while read -r option; do
            grep -qx -- "$option" "$program.options" || fail "no option --$option: $program $line"
        done <used
    done <commands
}

# Every command of the README runs, in its order, on small files of the names it uses: audits as
# they stand, training with two steps, a grid without running it, a model where there is one.
test_commands_of_readme_run()
{
    local program line more allowed face=
    fdml-synth embeddings --quiet --out a --classes 40 --dim 16
    awk -F, 'NR == 1 { print "identity,gender,race"; next }
        { print $1 "," ($2 == "minority" ? "F" : "M") "," (substr($1, length($1)) % 2 ? "a" : "b") }' \
        a/labels.csv >meta.csv
    cp a/embeddings.npy emb.npy
    cp emb.npy new.npy
    cp emb.npy old.npy
    # shellcheck source=/dev/null
    . "$REPO/tests/cli/explain.bash"
    credit_table
    ln -s "$REPO/examples" examples
    awk '/^```ini$/ { inside = 1; next } /^```$/ { inside = 0 } inside' "$REPO/README.md" >exp.ini
    if [ -e "$SHARED/models/mobilefacenet_kennethwang.onnx" ] && [ -e "$SHARED/data/lfw/labels.csv" ]; then
        face=1
        ln -s "$SHARED/models/mobilefacenet_kennethwang.onnx" face.onnx
        ln -s "$SHARED/data/lfw/images" images
        awk -F, -v OFS=, 'NR < 60 { print $1, $3, $4 }' "$SHARED/data/lfw/labels.csv" |
            sed '1s/.*/path,identity,gender/' >photos.csv
    fi
    sed -n '/^## Audit embeddings/,/^## What is measured/p' "$REPO/README.md" >readme
    shown_commands readme | grep -v 'embeddings.npy labels.csv' >commands
    [ "$(wc -l <commands)" -gt 15 ] || fail 'commands were not found'
    grep -q '^grep .*birds/test.csv$' readme || fail 'the split of the birds is not as this test knows it'
    while read -r program line; do
        more=
        allowed=0
        case "$program $line" in
        *face.onnx*) [ -n "$face" ] || continue ;;
        fdml-eval\ --verify* | fdml-eval\ --define*) ;;
        *--fail-if*) more='--bootstrap 50 --permutations 50' allowed='0 or 3' ;;
        fdml-eval*) more='--bootstrap 50 --permutations 50' ;;
        fdml-explain*) more='--bootstrap 50 --permutations 50 --quiet' ;;
        fdml-synth*) more='--classes 8 --validation-classes 2 --test-classes 4 --per-class 20 --per-test 20' ;;
        fdml-train*) more='--quiet --set train.steps=2 --set train.batch=16' ;;
        fdml-findml*) more=--dry-run ;;
        esac
        [ "$program $line" != 'fdml-train exp.ini --out parade --set parade.alpha=0.3 --set parade.rho=0.1' ] ||
            grep -E '^path|,test,' birds/labels.csv >birds/test.csv
        # shellcheck disable=SC2034 # lib.sh shows it
        last_run="$program $line"
        status=0
        bash -c "$program $line $more" >out 2>err </dev/null || status=$?
        [ "$status" -eq 0 ] || { [ "$status" -eq 3 ] && [ "$allowed" != 0 ]; } || fail 'a command of the README'
    done <commands
    assert_file audit.html
    assert_file parade.npy
}

# A workflow that is no YAML, or whose steps are not what fdml-eval understands, would be found out
# in someone's repository. The steps are run as they stand, on embeddings instead of a model.
test_workflow_runs()
{
    /usr/bin/python3 -c 'import yaml' 2>/dev/null || skip 'there is no PyYAML'
    /usr/bin/python3 - "$REPO/examples/gate.yml" <<'END'
import sys, yaml
with open(sys.argv[1]) as file:
    job = yaml.safe_load(file)["jobs"]["audit"]
steps = [s for s in job["steps"] if "run" in s]
assert steps and all(set(s) <= {"name", "run", "if"} for s in steps), steps
for i, s in enumerate(steps):
    if "fdml-embed" not in s["run"]:
        open(f"step{i}", "w").write("set -e\n" + s["run"])
END
    fdml-synth embeddings --quiet --out a --classes 40 --dim 16 --minority-noise 1
    fdml-synth embeddings --quiet --out b --classes 40 --dim 16 --minority-noise 2
    awk -F, 'NR == 1 { print "identity,gender,race"; next }
        { print $1 "," ($2 == "minority" ? "F" : "M") "," (substr($1, length($1)) % 2 ? "a" : "b") }' \
        a/labels.csv >test.csv
    cp a/embeddings.npy released.npy
    cp b/embeddings.npy new.npy
    set -- step*
    [ $# -ge 2 ] || fail 'the workflow has no step with fdml-eval'
    run bash "$1"
    assert_exit 0
    run bash "$2"
    assert_exit 3
    assert_file audit.json
    assert_file audit.md
}

# A file that a document names is in the tree, named from its root or from src/, or by the end of
# its path; a * stands for anything. What users name themselves is left out.
test_files_named_in_documents_exist()
{
    local document name
    (cd "$REPO" && find . -path ./build -prune -o -type f -print | sed 's|^\.||') >tree
    for document in README ARCHITECTURE CONTRIBUTING docs/gates docs/formats docs/performance; do
        # shellcheck disable=SC2016 # Markdown's backticks
        grep -oE '`[A-Za-z0-9_./*-]+\.(c|h|def|sh|py|md|ini|proto)`|\]\([A-Za-z0-9_./-]+\)' "$REPO/$document.md" |
            tr -d '`()]' | sed 's|^\(\.\./\)*|/|; s/\./\\./g; s/\*/[^\/]*/g' | sort -u >names || true
        while read -r name; do
            case $name in *FORMAT* | *exp* | /train*ini) continue ;; esac
            grep -qE "$name\$" tree || fail "$document.md names $name, which is not there"
        done <names
        [ "$document" != ARCHITECTURE ] || [ "$(wc -l <names)" -gt 20 ] || fail 'names were not found'
    done
}

# `make TARGET` of a document is a target.
test_targets_named_in_documents_exist()
{
    local target
    # shellcheck disable=SC2016 # Markdown's backticks
    grep -ohE '`(CI=true )?make [a-z-]+' "$REPO"/README.md "$REPO"/ARCHITECTURE.md "$REPO"/CONTRIBUTING.md |
        sed 's/.*make //' | sort -u >targets
    grep -ohE '^make [a-z-]+' "$REPO"/README.md | sed 's/make //' >>targets
    assert_file targets
    while read -r target; do
        grep -qE "^([a-z-]+ )*$target( [a-z-]+)*:" "$REPO/Makefile" || fail "no target $target"
    done <targets
}

test_readme_shows_what_one_gets()
{
    need_shared embeddings/lfw_mobilefacenet
    SHARED=$SHARED BIN=$BIN run "$REPO/scripts/make_example.sh"
    assert_exit 0
    assert_same out "$REPO/README.md"
}
