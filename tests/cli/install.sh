# install.sh - `make install` puts things where a system looks for them, and `make uninstall`
# takes all of them away. Every test that calls make stands here, because the tests of a file run one
# after the other. make gets the compiler of the build, or would build anew.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT

test_install_and_uninstall()
{
    local program shell found
    [ "$BIN" = "$REPO/build/bin" ] || skip 'a build of its own kind'
    mkdir 'a root'
    run make -s -C "$REPO" install DESTDIR="$PWD/a root" PREFIX=/usr ${CC:+CC="$CC"}
    assert_exit 0
    cd 'a root/usr' || exit
    {
        for program in embed eval explain findml inspect synth train; do
            echo "bin/fdml-$program"
            echo "share/bash-completion/completions/fdml-$program"
            echo "share/fish/vendor_completions.d/fdml-$program.fish"
            echo "share/man/man1/fdml-$program.1"
            echo "share/zsh/site-functions/_fdml-$program"
        done
        printf '%s\n' include/fdml.h lib/libfdml.a lib/pkgconfig/fdml.pc share/man/man7/fdml.7
    } | sort >../../want
    find . -type f | sed 's|^\./||' | sort >../../found
    diff ../../want ../../found
    grep -q '^prefix=/usr$' lib/pkgconfig/fdml.pc
    grep '@' lib/pkgconfig/fdml.pc && fail 'fdml.pc was not filled in'
    [ "$(wc -c <bin/fdml-eval)" -lt "$(wc -c <"$BIN/fdml-eval")" ] || fail 'debug information is installed'
    for shell in bash zsh fish; do
        found=$(find share -path "*$shell*" -name '*fdml-eval*')
        bin/fdml-eval --completion "$shell" | cmp - "$found"
    done
    ! find . -type f ! -path './bin/*' -perm -u+x | grep . || fail 'a file that is no program can be run'
    cd ../..
    run make -s -C "$REPO" uninstall DESTDIR="$PWD/a root" PREFIX=/usr
    assert_exit 0
    assert_eq "$(find 'a root' ! -type d)" ''
}

# bash-completion finds the installed file by the program's name, when it is first completed.
test_bash_completion_loads_what_is_installed()
{
    local loader=/usr/share/bash-completion/bash_completion
    [ "$BIN" = "$REPO/build/bin" ] || skip 'a build of its own kind'
    [ -r "$loader" ] || skip 'bash-completion is not here'
    run make -s -C "$REPO" install-completion DESTDIR= PREFIX="$PWD/usr" ${CC:+CC="$CC"}
    assert_exit 0
    XDG_DATA_DIRS=$PWD/usr/share bash --norc -c '
        . '"$loader"'
        _completion_loader fdml-eval || true
        complete -p fdml-eval' >out
    assert_out '_fdml_eval fdml-eval'
}

# What pkg-config says is enough to build and run the example, from the installed files alone.
test_installed_files_are_enough()
{
    local flags
    [ "$BIN" = "$REPO/build/bin" ] || skip 'a build of its own kind'
    command -v pkg-config >/dev/null || skip 'pkg-config is not here'
    run make -s -C "$REPO" install DESTDIR= PREFIX="$PWD/usr" ${CC:+CC="$CC"}
    assert_exit 0
    flags=$(PKG_CONFIG_PATH=$PWD/usr/lib/pkgconfig pkg-config --cflags --libs fdml)
    # shellcheck disable=SC2086
    run ${CC:-cc} -std=c11 -o audit "$REPO/examples/audit.c" $flags
    assert_exit 0
    run ./audit
    assert_exit 0
    assert_out 'result_sha256 '
    cp out installed
    run example_audit
    assert_same out installed
    assert_eq "$(PKG_CONFIG_PATH=$PWD/usr/lib/pkgconfig pkg-config --modversion fdml)" 0.1.0
}
