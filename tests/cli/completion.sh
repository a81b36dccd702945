# completion.sh - what `make install` gives to bash, zsh and fish really completes.
#
# The shells themselves are asked: bash at a terminal of Python's and through the function, zsh at
# one of its zpty, fish by `complete -C`. zsh and fish are not needed to build or test fdml; where
# they are absent their tests are skipped.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT

programs='fdml-embed fdml-eval fdml-explain fdml-findml fdml-inspect fdml-synth fdml-train'

# A name of a column that is a command must never be run, nor be offered.
tables()
{
    # shellcheck disable=SC2016
    printf '\xef\xbb\xbfidentity,gender,skin tone,$(touch harm),race\r\nx,F,1,1,a\r\n' >meta.csv
    printf 'camera\tsite\n1\t2\n' >other.tsv
    mkdir -p 'my runs'
    : >emb.npy
}

# offers WORD...: what bash offers for the last word of this command line, one a line
offers()
{
    bash -c '
        program=$1
        set -u
        eval "$("$program" --completion bash)"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
        completion=$(complete -p "$program" | sed "s/.* -F \([a-z_]*\) .*/\1/")
        $completion "$program" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        [ "${#COMPREPLY[@]}" -eq 0 ] || printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}

assert_offers()
{
    local want=$1
    shift
    assert_eq "$(offers "$@" | tr '\n' ' ')" "$want"
}

# Every option of --help is offered, and nothing else.
test_bash_offers_all_options()
{
    local program
    for program in $programs; do
        "$program" --help | sed -n 's/^  .\{4\}\(--[a-z-]*\).*/\1/p' | sort -u >want
        offers "$program" -- | sort >got
        assert_file want
        diff want got || fail "$program"
    done
    fdml-synth plumage --help | sed -n 's/^  .\{4\}\(--[a-z-]*\).*/\1/p' | sort -u >want
    offers fdml-synth plumage -- | sort >got
    diff want got
}

test_bash_offers_values()
{
    tables
    assert_offers '--permutations ' fdml-eval emb.npy --perm
    assert_offers 'table md latex csv json ' fdml-eval --format ''
    assert_offers 'latex ' fdml-eval --format = l
    assert_offers 'table md latex csv json ' fdml-eval --format =
    assert_offers 'map_at_r map ' fdml-eval -m ma
    assert_offers 'findml,nmi ' fdml-eval --metrics findml,nm
    assert_offers 'identity gender race ' fdml-eval emb.npy meta.csv --label ''
    assert_offers 'gender,race ' fdml-eval emb.npy meta.csv --group gender,r
    assert_offers 'camera ' fdml-eval emb.npy other.tsv --exclude-same c
    assert_offers '' fdml-eval emb.npy --label ''
    assert_offers '' fdml-eval --json me
    assert_offers 'balanced_over ' fdml-eval --downstream-protocols balanced_o
    assert_offers 'my runs ' fdml-train --out my
    assert_offers 'embeddings plumage ' fdml-synth ''
    assert_offers '' fdml-synth plumage ''
    assert_no_file harm
    # what -m takes is what is offered
    offers fdml-eval -m '' >names
    [ "$(wc -l <names)" -gt 20 ] || fail 'few names of metrics'
    fdml-synth embeddings --quiet --out a --classes 30 --dim 4
    fdml-eval a/embeddings.npy a/labels.csv --dry-run -m "$(tr '\n' , <names | sed 's/,$//')" >/dev/null
    offers fdml-eval --define '' | while read -r name; do fdml-eval --define "$name" >/dev/null; done
}

# Keys typed at an interactive bash, as its user sees it: options, words of lists, columns, files.
test_bash_at_a_terminal()
{
    tables
    for program in $programs; do "$program" --completion bash; done >all.bash
    python3 - <<'END'
import os, pty, select, time
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(PS1="ready> ", TERM="dumb", HISTFILE="")
    os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
def until(text, limit=60):
    seen, end = b"", time.time() + limit
    while text not in seen:
        assert time.time() < end, (text, seen)
        if select.select([fd], [], [], 1)[0]:
            seen += os.read(fd, 4096)
    return seen
def typed(keys, want):
    os.write(fd, keys)
    until(want)
    os.write(fd, b"\x15")  # ^U: a new line
until(b"ready> ")
os.write(fd, b". ./all.bash; bind 'set enable-bracketed-paste off'; echo all''read\n")
until(b"allread")
typed(b"fdml-eval emb.npy meta.csv --for\t", b"--format ")
typed(b"fdml-eval emb.npy meta.csv --group gender,ra\t", b"gender,race")
typed(b"fdml-eval emb.npy me\t", b"meta.csv ")
typed(b"fdml-eval --format=la\t", b"--format=latex ")
typed(b"fdml-train --out m\t", b"my\\ runs/")
typed(b"fdml-synth pl\t", b"plumage ")
os.write(fd, b"\x15exit\n")
END
}

test_fish_completes()
{
    command -v fish >/dev/null || skip 'fish is not here'
    tables
    for program in $programs; do
        "$program" --completion fish >"$program.fish"
        fish --no-execute "$program.fish"
    done
    fish_offers()
    {
        HOME=$PWD fish --no-config -c "source $1.fish; complete -C '$2'" | cut -f 1 | tr '\n' ' '
    }
    assert_eq "$(fish_offers fdml-eval 'fdml-eval --permu')" '--permutations '
    assert_eq "$(fish_offers fdml-eval 'fdml-eval --format ')" 'csv json latex md table '
    assert_eq "$(fish_offers fdml-eval 'fdml-eval --format=l')" '--format=latex '
    assert_eq "$(fish_offers fdml-eval 'fdml-eval -m findml,nm')" 'findml,nmi '
    assert_eq "$(fish_offers fdml-eval 'fdml-eval --metrics=findml,nm')" '--metrics=findml,nmi '
    assert_eq "$(fish_offers fdml-eval 'fdml-eval emb.npy meta.csv --label g')" 'gender '
    assert_eq "$(fish_offers fdml-eval 'fdml-eval emb.npy meta.csv --group gender,r')" 'gender,race '
    assert_eq "$(fish_offers fdml-eval 'fdml-eval --json met')" 'meta.csv '
    assert_eq "$(fish_offers fdml-synth 'fdml-synth p')" 'plumage '
    assert_eq "$(fish_offers fdml-synth 'fdml-synth plumage --per-co')" '--per-color '
    assert_no_file harm
}

# zsh has no way to ask: keys are typed at one that runs in a zpty.
test_zsh_completes()
{
    command -v zsh >/dev/null || skip 'zsh is not here'
    tables
    mkdir functions
    for program in $programs; do
        "$program" --completion zsh >"functions/_$program"
        zsh -n "functions/_$program"
    done
    cat >ask.zsh <<'END'
zmodload zsh/zpty
zpty shell zsh -f -i
read_until() {
  local seen= part; integer i
  for ((i = 0; i < 600; i++)); do
    while zpty -rt shell part; do seen+=$part; done
    [[ $seen = *$1* ]] && return 0
    sleep 0.05
  done
  print -r -- "no '$1' in: $seen"
  return 1
}
typed() { zpty -n -w shell "$1"; read_until "$2" || exit 1; zpty -n -w shell $'\x15'; }
zpty -w shell "PS1=; fpath=($PWD/functions \$fpath); autoload -U compinit; compinit -u -d $PWD/dump; print all''read"
read_until allread || exit 1
typed $'fdml-eval --permu\t' --permutations
typed $'fdml-eval --format l\t' latex
typed $'fdml-eval --metrics findml,nm\t' findml,nmi
typed $'fdml-eval emb.npy meta.csv --label gen\t' gender
typed $'fdml-eval emb.npy meta.csv --group gender,ra\t' gender,race
typed $'fdml-eval --json met\t' meta.csv
typed $'fdml-synth pl\t' plumage
typed $'fdml-synth plumage --per-co\t' --per-color
END
    run zsh -f ask.zsh
    assert_exit 0
    assert_no_file harm
}

test_unknown_shell()
{
    bad_input "--completion: 'tcsh' is none of bash, zsh, fish" fdml-eval --completion tcsh
    bad_usage '--completion needs an argument SHELL' fdml-synth --completion
    run fdml-synth plumage --completion bash
    assert_exit 0
    cp out part
    run fdml-synth --completion=bash
    assert_same part out
}
