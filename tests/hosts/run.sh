#!/bin/sh
# Runs the host in one language against the reference tool, and compares what it printed and what the tool was told with
# what every host must print and cause. Arguments: the language, this directory, the plugin, ptb-host, the include
# directory, the C compiler, the built host in C. Exit status 77: the language is not installed here.
set -u
language=$1 here=$2 plugin=$3 ptb_host=$4 include=$5 cc=$6 host_c=$7
header=$include/ptbridge/ptbridge.h
secret='a shared secret'
jna=/usr/share/java/jna.jar

work=$(mktemp -d)
tool=
end_tool() {
  [ -z "$tool" ] || { kill "$tool" 2>/dev/null; wait "$tool" 2>/dev/null; }
  tool=
}
trap 'end_tool; rm -rf "$work"' EXIT
failed=0

skip() {
  echo "host_$language: skipped: $*"
  exit 77
}

complain() { # WHAT, and the lines of stdin
  echo "host_$language: $1" >&2
  sed 's/^/    /' >&2
  failed=1
}

same() { # WHAT EXPECTED ACTUAL
  diff "$2" "$3" >"$work/difference" || complain "$1: expected < and got >" <"$work/difference"
}

# ---- the languages ----

case $language in
  c) ;;
  python)
    command -v python3 >/dev/null || skip "there is no python3"
    python3 -c 'import ctypes' 2>/dev/null || skip "this python3 has no ctypes"
    ;;
  php)
    command -v php >/dev/null || skip "there is no php; install php-cli"
    php -d ffi.enable=1 -r 'exit(extension_loaded("FFI") ? 0 : 1);' || skip "this php has no FFI"
    ;;
  java)
    command -v javac >/dev/null || skip "there is no javac; install default-jdk-headless"
    [ -f "$jna" ] || skip "there is no $jna; install libjna-java"
    ;;
esac

programs=$here
compile() {
  [ "$language" != java ] ||
    javac -Xlint:all -Werror -encoding UTF-8 -cp "$jna" -d "$work/classes" "$programs"/java/*.java || exit 1
}
compile

host() { # PLUGIN STORE
  case $language in
    c) "$host_c" "$1" "$2" "$work/tool.xml" "$secret" ;;
    python) PYTHONDONTWRITEBYTECODE=1 python3 "$programs/python/host.py" "$1" "$2" "$work/tool.xml" "$secret" ;;
    php) php -d ffi.enable=1 "$programs/php/host.php" "$1" "$2" "$work/tool.xml" "$secret" "$header" ;;
    java) java -cp "$jna:$work/classes" Host "$1" "$2" "$work/tool.xml" "$secret" ;;
  esac
}

layout() {
  case $language in
    c) cat "$work/layout" ;;
    python) PYTHONDONTWRITEBYTECODE=1 python3 "$here/python/layout.py" ;;
    php) php -d ffi.enable=1 "$here/php/layout.php" "$plugin" "$header" ;;
    java) java -cp "$jna:$work/classes" Layout ;;
  esac
}

# ---- the tool ----

start_tool() { # NAME SCRIPT: its log is NAME.jsonl, and tool.xml tells where it listens
  end_tool
  printf '%s' "$secret" >"$work/secret"
  rm -f "$work/port"
  "$ptb_host" receive --secret-file "$work/secret" --script "$2" --log "$work/$1.jsonl" --port-file "$work/port" \
    >/dev/null &
  tool=$!
  tries=0
  until [ -s "$work/port" ]; do
    if ! kill -0 "$tool" 2>/dev/null || [ $((tries += 1)) -gt 600 ]; then
      echo "the tool did not start" >&2
      exit 1
    fi
    sleep 0.05
  done
  sed "s/:8099/:$(cat "$work/port")/" "$here/../../docs/examples/tool.xml" >"$work/tool.xml"
}

# What the tool was told, a line a request: action, level, site, deferred, and whether the MAC was right.
told() { # NAME
  value() { printf '%s' "$line" | sed -n "s/.*\\[\"$1\",\"\\([^\"]*\\)\"\\].*/\\1/p"; }
  while read -r line; do
    echo "$(value action) $(value quiz_level) $(value quiz_site) $(value deferred)" \
      "$(printf '%s' "$line" | grep -o '"mac_ok":[a-z]*')"
  done <"$work/$1.jsonl"
  grep -o '"event_id","[^"]*"' "$work/$1.jsonl" | sort | uniq -d
}

cat >"$work/must_hear" <<'TEXT'
state-change    "mac_ok":true
course-imported hard Université true "mac_ok":true
content-imported hard Université true "mac_ok":true
course-imported easy Université false "mac_ok":true
content-imported easy Université false "mac_ok":true
TEXT

# ---- the story: everything once, with the settings of its own capture ----

start_tool story 'ok*'
host "$plugin" "$work/story.db" >"$work/printed" 2>"$work/errors" || complain "it failed" <"$work/errors"
[ ! -s "$work/errors" ] || complain "it complained" <"$work/errors"
sed 's/ *$//; s/^why: .*"why":"\([a-z_]*\)".*"released_by":"\([^"]*\)".*/why: \1, released by: \2/
     s/^lanes: .*"waiting":\([0-9]*\).*/lanes: \1 waiting/' "$work/printed" >"$work/story"
same "printed" "$here/expected.txt" "$work/story"
told story >"$work/heard"
same "the tool was told" "$work/must_hear" "$work/heard"

# ---- the tool does not take the save: one line, nothing lost; the next save delivers ----

must_fail() { # WHAT PATTERN PLUGIN STORE
  host "$3" "$4" >"$work/printed" 2>"$work/errors" && complain "$1: it did not fail" <"$work/printed"
  grep -q "$2" "$work/errors" || complain "$1: it did not say so" <"$work/errors"
  grep -qiE 'exception|traceback|fatal|[[:space:]]at |warning' "$work/errors" && complain "$1: not one plain line" <"$work/errors"
}

start_tool drops 'drop*'
must_fail "a tool that is down" "did not take state-change" "$plugin" "$work/down.db"
start_tool up 'ok*'
host "$plugin" "$work/down.db" >"$work/printed" 2>&1 || complain "the next save" <"$work/printed"
told up >"$work/heard"
same "after the next save the tool was told" "$work/must_hear" "$work/heard"

must_fail "a store in no directory" "$work/none" "$plugin" "$work/none/bridge.db"
must_fail "no plugin" "none.so" "$work/none.so" "$work/story.db"
mv "$work/tool.xml" "$work/elsewhere.xml"
must_fail "no registration document" "tool.xml" "$plugin" "$work/story.db"

# ---- the binding says what the header says ----

sh "$here/layout.sh" "$include" "$cc" "$work" >"$work/layout.txt" || exit 1
cp "$work/layout.txt" "$work/layout"
layout | LC_ALL=C sort >"$work/own_layout"
same "the layout of the header and of the binding" "$work/layout.txt" "$work/own_layout"

# ---- short-lived processes capture, a worker sends ----

if [ "$language" = php ]; then
  worker() {
    php -d ffi.enable=1 "$here/php/worker.php" "$plugin" "$work/turns.db" "$work/tool.xml" "$secret" "$header"
  }
  web() { php -d ffi.enable=1 "$here/php/capture.php" "$plugin" "$work/turns.db" "$secret" "$header" "$1"; }
  start_tool turns 'ok*'
  {
    worker
    web restore-1
    web restore-1
    # While another process has the store, the worker leaves it alone and who captures waits for its turn.
    flock "$work/turns.db.lock" sh -c "touch '$work/taken'
      for turn in \$(seq 600); do [ -e '$work/free' ] && break; sleep 0.05; done" &
    holder=$!
    tries=0
    until [ -e "$work/taken" ] || [ $((tries += 1)) -gt 600 ]; do sleep 0.05; done
    worker
    web restore-2 &
    waiting=$!
    sleep 0.5
    touch "$work/free"
    wait "$waiting" "$holder"
    worker
  } 2>&1 | sed 's/ *$//' >"$work/turns"
  cat >"$work/must_print" <<'TEXT'
saved
restore-1: new first_attempt
restore-1: new first_attempt
restore-1: not new
restore-1: not new
restore-2: new behind_backlog
restore-2: new behind_backlog
outcome: course-imported delivered
outcome: content-imported delivered
outcome: course-imported delivered
outcome: content-imported delivered
TEXT
  same "capturing and sending in turns" "$work/must_print" "$work/turns"
  cat >"$work/must_hear_now" <<'TEXT'
state-change    "mac_ok":true
course-imported hard Université false "mac_ok":true
content-imported hard Université false "mac_ok":true
course-imported hard Université true "mac_ok":true
content-imported hard Université true "mac_ok":true
TEXT
  told turns >"$work/heard"
  same "the worker told the tool" "$work/must_hear_now" "$work/heard"
fi

# ---- an exception in load_settings: nothing is captured, and the program ends as it should ----

change() { # FILE PATTERN REPLACEMENT
  sed -i "s/$2/$3/" "$programs/$1"
  cmp -s "$programs/$1" "$here/$1" && complain "$1 has no line any more that matches" <<TEXT
$2
TEXT
}
if [ "$language" != c ]; then
  programs=$work/changed
  cp -r "$here" "$programs"
  case $language in
    python) change python/host.py 'asked, text = .*' 'raise RuntimeError("boom")' ;;
    php) change php/lms.php "yield .0, 'quiz_site.*" "throw new RuntimeException('boom');" ;;
    java) change java/Host.java '  *asked.readAt(request);' 'if (asked != null) throw new RuntimeException("boom");' ;;
  esac
  compile
  start_tool throws 'ok*'
  host "$plugin" "$work/throws.db" >"$work/printed" 2>"$work/errors" &&
    complain "it got past an exception" <"$work/printed"
  grep -q "load_settings failed with status 8 " "$work/errors" || complain "the exception was not told" <"$work/errors"
  [ ! -s "$work/printed" ] || complain "it went on after the exception" <"$work/printed"
fi

[ "$failed" = 0 ] && echo "host_$language: all as promised"
exit "$failed"
