#!/bin/sh
# The header alone, in every language it promises, and the library's exported symbols. Arguments: the include directory,
# the C and the C++ compiler, the built plugin, nm.
set -eu
include=$1 cc=$2 cxx=$3 plugin=$4 nm=$5

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

cat >"$work/host.c" <<'C'
#include "ptbridge/ptbridge.h"
#include "ptbridge/ptbridge.h" /* twice is fine */
int main(void) {
  ptb_entry_function entry = 0;
  const ptb_text empty = {0, 0};
  return entry == 0 && empty.size == 0 ? PTB_OK : PTB_E_INTERNAL;
}
C
cp "$work/host.c" "$work/host.cpp"

compile() { # COMPILER STANDARD SOURCE
  if ! "$1" "-std=$2" -pedantic -Wall -Wextra -Wconversion -Wshadow -Werror -I"$include" -fsyntax-only "$work/$3"; then
    echo "ptbridge.h does not compile as $2" >&2
    failed=1
  fi
}
for standard in c11 c17; do compile "$cc" "$standard" host.c; done
for standard in c++11 c++14 c++17 c++20; do compile "$cxx" "$standard" host.cpp; done

symbols=$("$nm" -D --defined-only "$plugin" | awk '{ print $3 }')
if [ "$symbols" != ptb_entry ]; then
  echo "the plugin must export ptb_entry and nothing else, it exports: $symbols" >&2
  failed=1
fi
exit "$failed"
