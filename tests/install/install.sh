#!/bin/sh
# Installs the built tree into a temporary prefix, moves that prefix, and builds a host outside the tree against it: once
# with CMake's find_package, once with pkg-config. Arguments: build directory, this directory, cmake, the C compiler, its
# flags.
set -eu
build=$1 here=$2 cmake=$3 cc=$4
shift 4
flags="$*"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
# An installation may not depend on where it was put first.
"$cmake" --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/prefix"
prefix=$work/prefix

check() { # WHAT ACTUAL EXPECTED
  [ "$2" = "$3" ] && return
  echo "$1: got '$2', wanted '$3'" >&2
  failed=1
}

for file in bin/ptb-host lib/ptbridge/ptbridge.so include/ptbridge/ptbridge.h share/ptbridge/schema; do
  [ -e "$prefix/$file" ] || { echo "$file was not installed" >&2; failed=1; }
done
if grep -rlF -e "$work/first" -e "$build" --include='*.cmake' --include='*.pc' --include='*.h' "$prefix" >&2; then
  echo "these installed files name a directory of the build" >&2
  failed=1
fi

cp -r "$here/host" "$work/source"

configure_and_build() {
  "$cmake" -G Ninja -S "$work/source" -B "$work/with_cmake" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_C_FLAGS="$flags" && "$cmake" --build "$work/with_cmake"
}
configure_and_build >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
check "a host built with find_package" "$("$work/with_cmake/tiny_host" "sqlite:$work/with_cmake.db")" "new not_installed"

PKG_CONFIG_PATH=$(dirname "$(find "$prefix" -name ptbridge.pc)")
export PKG_CONFIG_PATH
plugin=$(pkg-config --variable=plugin ptbridge)
# shellcheck disable=SC2046,SC2086 # flags are words
"$cc" -std=c11 $flags $(pkg-config --cflags ptbridge) "-DPLUGIN=\"$plugin\"" "$work/source/tiny_host.c" \
  -o "$work/with_pkg_config" $(pkg-config --libs ptbridge)
check "a host built with pkg-config" "$("$work/with_pkg_config" "sqlite:$work/with_pkg_config.db")" "new not_installed"
check "the versions" "$(pkg-config --modversion ptbridge)" "$("$prefix/bin/ptb-host" --version | grep -oE '[0-9]+(\.[0-9]+)+' | head -1)"

# The installed ptb-host finds the installed plugin beside itself, whatever the current directory, and no other.
cd /
unset PTB_PLUGIN
host="$prefix/bin/ptb-host --state $work/state"
lanes=$($host --json lanes)
check "lanes of a new LMS" "$(printf '%s' "$lanes" | tr -d ' \n')" "[]"
$host course create _5_1 >/dev/null
$host course copy _5_1 _6_1 >"$work/log" 2>&1 || { cat "$work/log" >&2; failed=1; } # which loads the plugin
mv "$prefix/lib/ptbridge" "$prefix/lib/elsewhere"
if $host course copy _5_1 _7_1 >"$work/log" 2>&1; then
  echo "ptb-host ran without the installed plugin, so it had loaded another one" >&2
  failed=1
fi
exit "$failed"
