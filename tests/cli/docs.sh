# docs.sh - what the documents say is what the programs do.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT

test_definitions_are_current()
{
    BIN=$BIN run "$REPO/scripts/make_definitions.sh"
    assert_exit 0
    assert_same out "$REPO/docs/definitions.md"
}

test_configuration_is_current()
{
    run fdml-train --print-config
    assert_exit 0
    assert_same out "$REPO/docs/train.ini"
}

test_man_pages_have_every_option()
{
    local program option
    for program in fdml-eval fdml-embed fdml-inspect fdml-findml fdml-train 'fdml-synth embeddings' 'fdml-synth plumage'; do
        # shellcheck disable=SC2086 # two words
        run $program --help
        program=${program%% *}
        sed -n 's/^  .\{4\}--\([a-z-]*\).*/\1/p' out >options
        assert_file options
        while read -r option; do
            sed 's/\\-/-/g' "$REPO/docs/man/$program.1" >page
            grep -q -- "--$option\b" page || fail "$program.1 lacks --$option"
        done <options
    done
}

test_readme_shows_what_one_gets()
{
    need_shared embeddings/lfw_mobilefacenet
    SHARED=$SHARED BIN=$BIN run "$REPO/scripts/make_example.sh"
    assert_exit 0
    grep -v '^fdml [0-9]' out >now
    grep -v '^fdml [0-9]' "$REPO/README.md" >committed
    assert_same now committed
}
