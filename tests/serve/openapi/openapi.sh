#!/bin/sh
# Holds schema/openapi.yaml against the OpenAPI schema and against a running `ptb-host serve`. Arguments: the source
# directory, a directory to install libraries into, Python. Exit status 77: they cannot be had here.
set -u
source=$1
directory=$2
python=$3

skip() {
  echo "openapi: skipped: $*"
  exit 77
}

command -v node >/dev/null || skip "there is no node; install Node.js 18 or later (nodejs)"
command -v npm >/dev/null || skip "there is no npm; install it to have the libraries installed"
[ "$(node -p 'process.versions.node.split(".")[0] >= 18')" = true ] ||
  skip "node $(node -v) is too old; 18 or later is needed"

mkdir -p "$directory" && cp "$source/openapi/package.json" "$source/openapi/package-lock.json" "$source/openapi/check.mjs" "$directory" ||
  exit 1
cd "$directory" || exit 1
if ! cmp -s package-lock.json installed; then
  if ! npm ci --no-audit --no-fund --ignore-scripts --fetch-retries=1 >npm.log 2>&1; then
    npm ping --fetch-retries=0 >/dev/null 2>&1 || skip "the npm registry cannot be reached to install the libraries"
    cat npm.log
    exit 1
  fi
  cp package-lock.json installed
fi
CHECK=$directory/check.mjs
export CHECK
exec "$python" -B "$source/openapi_calls.py"
