#!/bin/sh
# Prints the layout of ptbridge.h as the C compiler sees it: "ptb_tool.flags OFFSET SIZE" for each field,
# "ptb_tool SIZE" for each struct, "PTB_OK 0" for each constant; sorted. A binding prints the same of its own copy, and the two are
# compared. Arguments: the include directory, the C compiler, a directory to work in.
set -eu
include=$1 cc=$2 work=$3
header=$include/ptbridge/ptbridge.h

# Fields end in ";" and stand alone on their lines, but for callbacks and functions, whose name is in "(*name)(", and
# for comments. The awk program writes a C program, so a field that it would misread does not compile.
{
  cat <<'C'
#include <ptbridge/ptbridge.h>
#include <stddef.h>
#include <stdio.h>
#define FIELD(s, f) printf(#s "." #f " %zu %zu\n", offsetof(s, f), sizeof(((s*)0)->f));
#define STRUCT(s) printf(#s " %zu\n", sizeof(s));
#define VALUE(v) printf(#v " %u\n", (unsigned)v);
int main(void) {
C
  tr '\n' ' ' <"$header" |
    sed 's|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/||g; s/typedef struct /\n&/g; s/} ptb_[a-z_]*;/&\n/g' |
    awk '/^typedef struct ptb_[a-z_]* *\{/ {
      name = $3
      body = $0
      sub(/^[^{]*\{/, "", body)
      sub(/\}[^}]*$/, "", body)
      count = split(body, fields, ";")
      for (i = 1; i < count; ++i) {
        field = fields[i]
        if (match(field, /\(\*[a-z_]+\)/)) field = substr(field, RSTART + 2, RLENGTH - 3)
        sub(/\[.*/, "", field)
        sub(/.*[ *]/, "", field)
        print "FIELD(" name ", " field ")"
      }
      print "STRUCT(" name ")"
    }'
  sed -n 's/^#define \(PTB_[A-Z_]*\) [0-9]\+u\?\( .*\)\?$/VALUE(\1)/p' "$header"
  echo '}'
} >"$work/layout.c"
"$cc" -std=c11 -Wall -Werror "-I$include" "$work/layout.c" -o "$work/layout"
"$work/layout" | LC_ALL=C sort
