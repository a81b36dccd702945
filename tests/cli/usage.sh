# usage.sh - the command line itself: help, hints, exit status 1.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/data.bash"

test_help_and_version()
{
    for program in fdml-eval fdml-embed fdml-inspect fdml-synth 'fdml-synth embeddings' \
        'fdml-synth plumage'; do
        # shellcheck disable=SC2086 # two words
        run $program --help
        assert_exit 0
        assert_stderr_empty
        assert_out 'Examples'
        assert_eq "$(awk 'length > 100' out)" ''
        run $program -h
        assert_exit 0
        run $program --version
        assert_exit 0
        assert_out "${program%% *} "
        assert_out 'commit'
        assert_out 'scalar'
    done
}

test_unknown_option_gets_a_hint()
{
    bad_usage 'unknown option --gruop; did you mean --group?' fdml-eval a b --gruop x
    bad_usage 'unknown option --bootstraps; did you mean --bootstrap?' fdml-eval --bootstraps=9
    bad_usage '--help' fdml-eval a b --zzzzzzzz
    # near words only
    for word in foo bar rowan xyzzy; do
        run fdml-explain a --$word
        assert_exit 1
        assert_stderr_line "unknown option --$word (see fdml-explain --help)"
    done
    bad_usage 'unknown option --methds; did you mean --methods?' fdml-explain a --methds
    bad_usage 'unknown option --rows; did you mean --row?' fdml-explain a --rows
    bad_usage 'unknown option -group; did you mean --group?' fdml-eval a b -group
    bad_usage 'unknown option -x' fdml-eval a b -x
}

test_missing_and_needless_arguments()
{
    bad_usage 'EMBEDDINGS and METADATA are missing' fdml-eval
    bad_usage 'METADATA is missing (or give --label FILE.npy)' fdml-eval emb.npy
    bad_usage "one argument too many: 'c'" fdml-eval a b c
    bad_usage '--label needs an argument COL' fdml-eval a b --label
    bad_usage '--label needs an argument COL' fdml-eval a b --label --group x
    bad_usage "--dry-run takes no argument, got 'x'" fdml-eval a b --dry-run=x
    bad_usage '--pair-name needs --pairs' fdml-eval a b --pair-name x
    bad_usage 'two outputs want standard output' fdml-eval a b --json -
    bad_usage 'FILE is missing' fdml-inspect
    bad_usage '--out DIR is missing' fdml-synth embeddings
    bad_usage '--out DIR is missing' fdml-synth plumage
    bad_usage "one argument too many: 'x'" fdml-synth plumage x --out y
    bad_usage "'birds' is unknown; known: embeddings, plumage" fdml-synth birds
    bad_usage 'what to make is missing; known: embeddings, plumage' fdml-synth --out x
}

test_every_way_to_write_an_option()
{
    small_set
    quick --format csv -m recall_at_3 -o a.csv
    assert_exit 0
    run fdml-eval --bootstrap=50 emb.npy --permutations=50 --format=csv -mrecall_at_3 -o=b.csv \
        -- meta.csv
    assert_exit 0
    assert_same a.csv b.csv
    run fdml-eval emb.npy meta.csv --bootstrap 50 --permutations 50 --format csv -m=recall_at_K -k3
    assert_exit 0
    assert_same a.csv out
}

test_define()
{
    run fdml-eval --define map_at_r
    assert_exit 0
    assert_out 'map_at_r [line]'
    run fdml-eval --define recall_at_3,eer
    assert_exit 0
    assert_out 'recall_at_3 [line]'
    assert_out 'equal error rate'
    run fdml-eval --define all
    assert_exit 0
    for key in recall_at_K nmi uniformity spectrum class_ratio findml fdr garbe; do
        assert_out "$key"
    done
    run fdml-eval --define map --convention revisitdml
    assert_out '(c-1)/c'
    bad_input "--define: 'map_at_q' is unknown; did you mean map_at_r?" fdml-eval --define map_at_q
}

test_dry_run_computes_nothing()
{
    small_set
    quick --group group --dry-run -o report.txt
    assert_exit 0
    assert_out 'emb.npy: 180 x 16, <f4, mapped'
    assert_out 'memory'
    assert_out 'multiply-adds/s measured with'
    assert_no_file report.txt
}

test_progress_only_where_wanted()
{
    small_set
    quick
    assert_stderr_empty
    quick --progress
    assert_exit 0
    grep -q '100.0%' err || fail 'no progress'
    quick --progress --quiet
    assert_stderr_empty
}
