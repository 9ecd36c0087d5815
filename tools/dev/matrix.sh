# The clients and engines of tests/matrix: one folder in .cache/clients for each.
# shellcheck shell=bash

CLIENTS="$CACHE/clients"
NEWEST_CLIENT=4.3.0

make_client() {
  local name=$1 python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  "$python" -m venv --clear "$CLIENTS/$name"
  "$CLIENTS/$name/bin/pip" install --disable-pip-version-check -r "$ROOT/tools/dev/clients/$name.txt"
}

setup_clients() {
  local list name
  mkdir -p "$CLIENTS"
  for list in "$ROOT"/tools/dev/clients/*.txt; do
    name=$(basename "$list" .txt)
    if [ -x "$CLIENTS/$name/bin/python" ] && done_before "client-$name" "$list"; then continue; fi
    step "installing the client $name into .cache/clients" make_client "$name"
    remember "client-$name" "$list"
  done
}

build_rust_client() {
  (cd "$ROOT/tests/matrix/rust_client" &&
    CARGO_TARGET_DIR="$CLIENTS/rust" CARGO_INCREMENTAL=0 cargo build --locked)
}

client_home() {
  printf '%s\n' "$CLIENTS/$1"/lib/python3*/site-packages/pyspark
}

# The matrix, then all of e2e with the newest client and engine.
test_matrix() {
  build release
  setup_clients
  command -v cargo >/dev/null || die "there is no cargo, which builds the Rust client of tests/matrix"
  step "building the Rust client" build_rust_client
  run_pytest matrix tests/matrix
  FOXFIRE_TEST_SPARK_HOME=$(client_home "$NEWEST_CLIENT") TEST_PYTHON="$CLIENTS/$NEWEST_CLIENT/bin/python" \
    run_pytest "e2e-$NEWEST_CLIENT" tests/e2e
}
