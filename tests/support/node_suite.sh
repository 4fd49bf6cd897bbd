# For scripts of suites that need libraries of npm: sourced, after `suite` (its name) and `directory` (where the
# libraries go, with package.json and package-lock.json in it) are set. Ends the suite with 77 where they cannot be had.
skip() {
  echo "$suite: skipped: $*"
  exit 77
}

need_node() {
  command -v node >/dev/null || skip "there is no node; install Node.js 18 or later (nodejs)"
  command -v npm >/dev/null || skip "there is no npm; install it to have the libraries installed"
  [ "$(node -p 'process.versions.node.split(".")[0] >= 18')" = true ] ||
    skip "node $(node -v) is too old; 18 or later is needed"
}

# In $directory; once for each package-lock.json.
install_libraries() {
  cd "$directory" || exit 1
  cmp -s package-lock.json installed && return
  if ! npm ci --no-audit --no-fund --ignore-scripts --fetch-retries=1 >npm.log 2>&1; then
    npm ping --fetch-retries=0 >/dev/null 2>&1 || skip "the npm registry cannot be reached to install the libraries"
    cat npm.log
    exit 1
  fi
  cp package-lock.json installed
}
