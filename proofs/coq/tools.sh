#!/bin/sh
# What the proofs and the kernel need: installs what is missing, as root on Debian, or says what it is.
# The exit status is 0 if everything is there.
set -eu

has_library() { test -d "$(coqc -where 2> /dev/null)/user-contrib/$1"; }
missing() {
    command -v coqc > /dev/null || echo coq
    has_library Interval || echo libcoq-interval
    has_library Coquelicot || echo libcoq-coquelicot
    command -v ocamlopt > /dev/null || echo ocaml-nox
    command -v ocamlfind > /dev/null || echo ocaml-findlib
    ocamlfind query zarith > /dev/null 2>&1 || echo libzarith-ocaml-dev
    command -v js_of_ocaml > /dev/null || echo js-of-ocaml
}

packages=$(missing | tr '\n' ' ')
if [ -z "$packages" ]; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
    echo "installing $packages"
    export DEBIAN_FRONTEND=noninteractive
    { timeout 300 apt-get update -qq && timeout 900 apt-get install -y -qq --no-install-recommends $packages; } \
        > /dev/null 2>&1 || echo "apt-get could not install all of $packages"
    packages=$(missing | tr '\n' ' ')
fi
if [ -n "$packages" ]; then
    echo "missing for proofs/coq, as Debian calls it: $packages"
    exit 1
fi
