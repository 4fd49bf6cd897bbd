#!/bin/sh
# House rules that no compiler keeps: which layer may include what (docs/architecture.md), and how files look. Argument:
# the source tree. Prints every breach; passes where there is none.
set -u
cd "$1" || exit 1
breaches=$(mktemp)
trap 'rm -f "$breaches"' EXIT

breach() { sed "s|^|$1: |" >>"$breaches"; }

# sources DIRECTORY...: the files written by hand in C, C++ and shell.
sources() {
  find "$@" -type f \( -name '*.h' -o -name '*.c' -o -name '*.cpp' -o -name '*.sh' \) 2>/dev/null | sort
}

# forbid WHAT DIRECTORY PATTERN: no #include in the directory matches the pattern.
forbid() {
  [ -d "$2" ] || { echo "$2" | breach "the layer is missing, so nothing was checked"; return; }
  sources "$2" | xargs grep -nE "^ *# *include *[<\"]($3)" /dev/null | breach "$1"
}

# ---- arrows point one way: abi -> engine -> core; store, wire, transport implement ports of core ----
layer_io='sqlite3\.h|curl/|openssl/(ssl|bio|rand)|pugixml|archive\.h|libpq|boost/(asio|beast)'
forbid "core knows no other layer" plugin/core 'policy/|store/|wire/|transport/|engine/|abi/|ptbridge/'
forbid "core does no I/O" plugin/core "$layer_io|fstream|sys/|unistd\.h|fcntl\.h|thread>|condition_variable>"
forbid "engine knows only core" plugin/engine 'policy/|store/|wire/|transport/|abi/|ptbridge/'
forbid "engine does no I/O" plugin/engine "$layer_io|fstream|sys/|unistd\.h|fcntl\.h"
forbid "policy knows only core" plugin/policy 'store/|wire/|transport/|engine/|abi/|ptbridge/|curl/|sqlite3\.h|fstream|sys/|unistd\.h|fcntl\.h'
forbid "store knows only core" plugin/store 'policy/|wire/|transport/|engine/|abi/|ptbridge/|curl/'
forbid "wire knows only core" plugin/wire 'policy/|store/|transport/|engine/|abi/|ptbridge/|curl/|sqlite3\.h'
forbid "transport knows only core" plugin/transport 'policy/|store/|wire/|engine/|abi/|ptbridge/|sqlite3\.h'
forbid "ptb-host knows the plugin only through ptbridge.h" host_stub 'core/|policy/|store/|wire/|transport/|engine/|abi/|.*plugin/(core|policy|store|wire|transport|engine|abi)/'
grep -rnE 'system_clock::now|steady_clock::now|clock_gettime|[^_]time\(NULL\)|std::random_device|[^_a-z]rand\(' plugin/core plugin/engine plugin/policy |
  breach "core, engine and policy read no clock and draw no random numbers themselves"
# A thread_local with a destructor pins the library after dlclose; a number or a pointer has none.
grep -rnE '\b(thread_local|std::async|atexit|setlocale|setenv|putenv)\b' plugin --include='*.cpp' --include='*.h' |
  grep -vE '^[^:]*:[0-9]*: *//|thread_local (int|bool|[a-z0-9:_]*_t|[A-Za-z:_]+ ?\*) ' | breach "not inside a stranger's process"

# ---- how files look ----
sources plugin host_stub tests | xargs grep -nE '\b(TODO|FIXME|XXX|HACK)\b' /dev/null | grep -v '^tests/tidy/' |
  breach "unfinished"
sources plugin host_stub tests | xargs grep -nE '[[:space:]]+$' /dev/null | breach "white space at the end of a line"
sources plugin host_stub tests | xargs grep -nP '\t' /dev/null | grep -v '^tests/tidy/' | breach "tabulator"

# Every file says what it is; a .cpp may leave that to the header of its name.
sources plugin host_stub tests | while read -r file; do
  case "$file" in
    *.cpp) [ -f "${file%.cpp}.h" ] && continue ;;
  esac
  case "$(sed -n '/^#!/d; 1,2p' "$file" | head -1)" in
    '//'* | '/*'* | '#'*) ;;
    *) echo "$file" ;;
  esac
done | breach "no word at the top about what the file is"

sources plugin host_stub tests | grep -E '/(.*_)?(manager|helpers?|utils?|data|info|misc|common)(_[^/]*)?\.(h|c|cpp)$' |
  breach "a name that says nothing"
sources plugin host_stub tests | grep '\.h$' | xargs grep -L -E '#pragma once|#ifndef PTB' | breach "no include guard"

# A crash test names each place at which it kills, so each name may stand in one place only.
sources plugin | xargs grep -hoE 'fault_point\("[^"]*"\)' | sort | uniq -d | breach "fault point used twice"

# ---- the documents keep up ----
if [ -f docs/abi.md ]; then
  sed -n '/^typedef struct ptb_api {/,/^} ptb_api;/s/.*(\*\([a-z_]*\))(.*/\1/p' plugin/include/ptbridge/ptbridge.h |
    while read -r name; do grep -q "\`$name" docs/abi.md || echo "$name"; done | breach "function not mentioned in docs/abi.md"
fi

if [ -s "$breaches" ]; then
  cat "$breaches" >&2
  echo "$(wc -l <"$breaches") breaches of the house rules" >&2
  exit 1
fi
echo "house rules kept in $(sources plugin host_stub tests | wc -l) files"
