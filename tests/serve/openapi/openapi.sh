#!/bin/sh
# Holds schema/openapi.yaml against the OpenAPI schema and against a running `ptb-host serve`. Arguments: the source
# directory, a directory to install libraries into, Python. Exit status 77: they cannot be had here.
set -u
source=$1
directory=$2
python=$3

suite=openapi
. "$(dirname "$0")/../../support/node_suite.sh"

need_node

mkdir -p "$directory" && cp "$source/openapi/package.json" "$source/openapi/package-lock.json" "$source/openapi/check.mjs" "$directory" ||
  exit 1
install_libraries
CHECK=$directory/check.mjs
export CHECK
exec "$python" -B "$source/openapi_calls.py"
