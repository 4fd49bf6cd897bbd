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

skip() {
  echo "browser: skipped: $*"
  exit 77
}

CHROMIUM=$(command -v chromium || command -v chromium-browser || command -v google-chrome) ||
  skip "there is no chromium; install it (chromium)"
export CHROMIUM
command -v node >/dev/null || skip "there is no node; install Node.js 18 or later (nodejs)"
command -v npm >/dev/null || skip "there is no npm; install it to have playwright-core and axe installed"
[ "$(node -p 'process.versions.node.split(".")[0] >= 18')" = true ] ||
  skip "node $(node -v) is too old; 18 or later is needed"

mkdir -p "$directory" "$SCREENSHOTS" && cp "$source"/package*.json "$source"/*.mjs "$directory" || exit 1
rm -f "$SCREENSHOTS"/*.png
cd "$directory" || exit 1
if ! cmp -s package-lock.json installed; then
  if ! npm ci --no-audit --no-fund --ignore-scripts --fetch-retries=1 >npm.log 2>&1; then
    npm ping --fetch-retries=0 >/dev/null 2>&1 || skip "the npm registry cannot be reached to install playwright-core"
    cat npm.log
    exit 1
  fi
  cp package-lock.json installed
fi
two=--test-concurrency=2
node $two --version >/dev/null 2>&1 || two=
exec node --test $two --test-reporter=spec ./*.test.mjs
