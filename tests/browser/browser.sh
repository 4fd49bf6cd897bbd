#!/bin/sh
# Drives a browser through the pages of ptb-host. Arguments: the source directory of these tests, a directory to install
# what drives it into, ptb-host, the directory of the examples. Exit status 77: what it needs cannot be had here.
set -u
source=$1
directory=$2
PTB_HOST=$3
EXAMPLES=$4
SCREENSHOTS=$directory/../screenshots
export PTB_HOST EXAMPLES SCREENSHOTS

suite=browser
. "$(dirname "$0")/../support/node_suite.sh"

CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
  skip "there is no chromium; install it (chromium)"
export CHROMIUM
need_node

mkdir -p "$directory" "$SCREENSHOTS" && cp "$source"/package*.json "$source"/*.mjs "$directory" || exit 1
rm -f "$SCREENSHOTS"/*.png
install_libraries
two=--test-concurrency=2
node $two --version >/dev/null 2>&1 || two=
exec node --test $two --test-reporter=spec ./*.test.mjs
