#!/bin/sh
# The PostgreSQL module gives the plugin one function and shows nothing else. Argument: the module.
set -u
found=$(nm -D --defined-only "$1" | awk '{ print $3 }')
[ "$found" = ptb_postgres_open ] && exit 0
echo "$1 exports: $found" >&2
exit 1
