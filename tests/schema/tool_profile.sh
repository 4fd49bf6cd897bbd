#!/bin/sh
# The schema of registration documents takes every example of this project and refuses documents with one thing wrong.
# Arguments: the source tree, xmllint.
set -u
source=$1 xmllint=$2
schema=$source/schema/xml/tool-profile.xsd
full=$source/tests/fuzz/corpus/descriptor/full.xml

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

takes() { # SCHEMA DOCUMENT
  "$xmllint" --nonet --noout --schema "$1" "$2" >"$work/says" 2>&1
}

good() { # SCHEMA DOCUMENT
  takes "$1" "$2" && return
  echo "refused, though it is good:" && cat "$work/says"
  failed=1
}

# bad WHAT SED-EXPRESSION SAYS: the full document, changed so, is refused with that text.
bad() {
  sed "$2" "$full" >"$work/bad.xml"
  if cmp -s "$full" "$work/bad.xml"; then
    echo "$1: the expression '$2' changes nothing" && failed=1
  elif takes "$schema" "$work/bad.xml"; then
    echo "$1: taken, though it is bad" && failed=1
  elif ! grep -q "$3" "$work/says"; then
    echo "$1: refused, but not for '$3':" && cat "$work/says"
    failed=1
  fi
}

for example in "$source"/docs/examples/*.xml "$full" "$source/tests/fuzz/corpus/descriptor/small.xml"; do
  good "$schema" "$example"
done

# A namespace is taken in as the schema's own text says.
cat >"$work/named.xsd" <<XSD
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:tp" targetNamespace="urn:tp" elementFormDefault="qualified">
  <xs:include schemaLocation="$schema"/>
</xs:schema>
XSD
sed 's|<tool-profile |<tool-profile xmlns="urn:tp" |' "$full" >"$work/named.xml"
good "$work/named.xsd" "$work/named.xml"
if takes "$schema" "$work/named.xml"; then echo "a namespace makes no difference" && failed=1; fi

bad "another root" 's|tool-profile|tool-profiles|' "No matching global declaration"
bad "no vendor code" 's|<code>acme</code>||' "Missing child element"
bad "a slash in a code" 's|<code>acme</code>|<code>ac/me</code>|' "'ac/me' is not accepted"
bad "an empty program code" 's|<code>wiki</code>|<code> </code>|' "minLength"
bad "a misspelt element" 's|<tool-instance>|<tool-instanse>|;s|</tool-instance>|</tool-instanse>|' "tool-instanse"
bad "a base URL of an unknown type" 's|type="icon-https"|type="carrier-pigeon"|' "carrier-pigeon"
bad "a base URL of another scheme" 's|>https://wiki|>ftp://wiki|' "ftp://wiki"
bad "a base URL with a user" 's|>https://wiki|>https://user@wiki|' "user@wiki"
bad "a base URL with a query" 's|wiki.example<|wiki.example/?a=b<|' "a=b"
bad "an unknown digest" 's|<base-urls>|<security-profile><digest-algorithm>SHA-256</digest-algorithm></security-profile><base-urls>|' \
  "SHA-256"
bad "an action without a type" 's|<action type="ping"|<action|' "attribute 'type' is required"
bad "a handler without a handle" 's|<handle value="resource/x-acme-page"/>||' "Missing child element"
bad "a service without a name" 's|<service name="Util.WS">|<service>|' "attribute 'name' is required"

[ "$failed" -eq 0 ] && echo "the schema takes and refuses what it should"
exit "$failed"
