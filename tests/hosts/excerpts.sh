#!/bin/sh
# Keeps docs/hosts.md true: each block of C, Python, PHP or Java in it must name a file in a comment above, and must stand
# in that file as it is, apart from its indentation; a line "…" leaves some out. Argument: the source tree.
set -eu
cd "$1"
awk '
  function trimmed(line) { gsub(/^[ \t]+|[ \t]+$/, "", line); return line }
  function breach(text) { print "docs/hosts.md:" start ": " text; failed = 1 }
  # True: the lines of the block from `b` on stand in the file from line `f` on, without a gap up to the next "…".
  function stands(b, f,    place) {
    for (; b <= lines && block[b] != "…"; ++b) if (f > length_of_file || content[f++] != block[b]) return 0
    if (b > lines) return 1
    for (place = f; place <= length_of_file; ++place) if (stands(b + 1, place)) return 1
    return 0
  }
  function compare(    f, line) {
    length_of_file = 0
    while ((getline line < file) > 0) content[++length_of_file] = trimmed(line)
    close(file)
    if (length_of_file == 0) return breach("there is no " file)
    for (f = 1; f <= length_of_file; ++f) if (stands(1, f)) { ++compared; return }
    breach("this does not stand in " file " (any more)")
  }
  /^```/ && inside { inside = 0; if (checked) compare(); file = ""; next }
  /^```/ {
    inside = 1
    start = NR
    lines = 0
    checked = /^```(c|python|php|java)$/
    if (checked && file == "") { breach("the block names no file: put <!-- PATH --> above it"); checked = 0 }
    next
  }
  inside { block[++lines] = trimmed($0); next }
  /^<!-- .* -->$/ { file = $2; next }
  { file = "" }
  END {
    if (compared < 8) { print "docs/hosts.md: only " compared + 0 " excerpts were found"; failed = 1 }
    exit failed
  }
' docs/hosts.md >&2
