#!/bin/sh
# Has libraries that receivers use verify what the bridge sends. Arguments: the source directory, a directory to install
# them into, the sender. Exit status 77: they cannot be had here, so nothing was verified.
set -u
source=$1
directory=$2
SENDER=$3
export SENDER

suite=interop
. "$(dirname "$0")/../support/node_suite.sh"

need_node

mkdir -p "$directory" && cp "$source/package.json" "$source/package-lock.json" "$source/verify.mjs" "$directory" || exit 1
install_libraries
exec node --test verify.mjs
