#!/bin/sh
# The schema of delivery policies takes every preset and every policy in the documentation, and of the corpus what each
# document says in its last line. Arguments: the source tree, xmllint.
set -u
source=$1 xmllint=$2
schema=$source/schema/xml/delivery-policy.xsd

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0 seen=0

# takes|refuses DOCUMENT: what the schema does with it.
expect() {
  seen=$((seen + 1))
  if "$xmllint" --nonet --noout --schema "$schema" "$2" >"$work/says" 2>&1; then does=takes; else does=refuses; fi
  [ "$does" = "$1" ] && return
  echo "$2: the schema $does it" && cat "$work/says"
  failed=1
}

for preset in "$source"/schema/policies/*.xml; do
  expect takes "$preset"
done

for document in "$source"/tests/schema/policies/*.xml; do
  verdict=$(sed -n '$s/^<!-- schema \([a-z]*\), bridge: .* -->$/\1/p' "$document")
  case $verdict in
    takes | refuses) expect "$verdict" "$document" ;;
    *) echo "$document: its last line does not say what the schema does" && failed=1 ;;
  esac
done

# The documents that an administrator reads there, each between ```xml and ```.
awk -v work="$work" '/^```xml$/ { file = work "/example" ++n ".xml"; next } /^```$/ { file = "" } file { print > file }' \
  "$source/docs/policies.md"
for example in "$work"/example*.xml; do
  expect takes "$example"
done

[ "$failed" -eq 0 ] && echo "the schema takes and refuses what it should, in $seen documents"
exit "$failed"
