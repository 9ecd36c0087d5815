# The fuzzers.
# shellcheck shell=bash

# run_fuzzer NAME SECONDS: from the corpus on; what is new stays in .cache/fuzz/NAME.
run_fuzzer() {
  local name=$1 seconds=$2 found="$CACHE/fuzz/$1"
  mkdir -p "$found"
  printf '\n== %s, %d s\n' "$name" "$seconds"
  # One process: the target has threads of its own. What it finds is written beside the inputs.
  "$ROOT/build/fuzz/tests/fuzz/${name}_fuzzer" -max_total_time="$seconds" -print_final_stats=1 -timeout=10 \
    -max_len=20000 -artifact_prefix="$found/" "$found" "$ROOT/tests/fuzz/corpus/$name"
}

fuzz() {
  local seconds=${1:-60} names=("${@:2}") name
  [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "usage: ./dev fuzz [SECONDS [call|envelope]]"
  [ ${#names[@]} -gt 0 ] || names=(envelope call)
  setup_all
  build fuzz fuzzers
  for name in "${names[@]}"; do run_fuzzer "$name" "$seconds"; done
}
