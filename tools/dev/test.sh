# The tests, and the checks of the tree.
# shellcheck shell=bash

PASSED=0
FAILED=0
SUMMARY=()
RESULTS="$CACHE/results"

# count NAME JUNIT SECONDS: adds up the cases of a JUnit file, or of a folder of them.
count() {
  local name=$1 junit=$2 seconds=$3 numbers
  numbers=$("$VENV_PYTHON" "$ROOT/tools/dev/count_tests.py" "$junit") || numbers="0 1"
  PASSED=$((PASSED + ${numbers% *}))
  FAILED=$((FAILED + ${numbers#* }))
  SUMMARY+=("$(printf '%-28s %5d passed %4d failed %5d s' "$name" "${numbers% *}" "${numbers#* }" "$seconds")")
}

# ctest runs one gtest program a test; their own JUnit files say how many cases there were.
run_ctest() {
  local preset=$1 label=$2 started=$SECONDS name="$2 ($1)" results="$RESULTS/$1-${2%%|*}"
  rm -rf "$results"
  mkdir -p "$results"
  printf '\n== %s\n' "$name"
  GTEST_OUTPUT="xml:$results/" ctest --test-dir "$ROOT/build/$preset" -L "$label" -j 2 --output-on-failure \
    --no-tests=error --output-junit "$results/ctest.junit" || true
  count "$name" "$results" "$((SECONDS - started))"
}

run_pytest() {
  local name=$1 started=$SECONDS junit="$RESULTS/$1.xml"
  shift
  rm -f "$junit"
  printf '\n== %s\n' "$name"
  (cd "$ROOT" && "${TEST_PYTHON:-$VENV_PYTHON}" -m pytest -q --junit-xml="$junit" -p no:cacheprovider "$@") || true
  count "$name" "$junit" "$((SECONDS - started))"
}

# Half of these tests wait for time-outs of ZooKeeper, so two files at a time.
readonly TWO_AT_A_TIME=(-n 2 --dist loadfile)

# The sanitizers get what runs in one process: the rest of the tree would double the time to build.
test_unit() {
  build release
  run_ctest release unit
  run_pytest tidy tests/tidy
  build asan sanitized_tests
  run_ctest asan 'unit|sanitized'
  build tsan sanitized_tests
  run_ctest tsan 'unit|sanitized'
}

test_integration() {
  build release
  run_ctest release integration
  run_pytest integration "${TWO_AT_A_TIME[@]}" tests/integration
}

test_e2e() {
  build release
  # YARN's jars, outside of a test's time. Without them its tests say why.
  for _ in 1 2 3; do
    "$VENV_PYTHON" -c 'from support.mini_yarn import jars; jars()' && break
  done
  run_pytest e2e "${TWO_AT_A_TIME[@]}" tests/e2e
}

# What the tests and benches in Python ask the environment for.
test_environment() {
  FOXFIRE_TEST_SPARK_HOME=$(spark_home)
  JAVA_HOME=$(java_home)
  export PYTHONPATH="$ROOT/tests" FOXFIRE_BUILD="$ROOT/build/release" FOXFIRE_TEST_SPARK_HOME
  export FOXFIRE_ENGINE_JAR="$FOXFIRE_BUILD/foxfire-engine.jar" JAVA_HOME PATH="$JAVA_HOME/bin:$PATH"
}

sanitizer_options() {
  export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  export TSAN_OPTIONS=halt_on_error=1
  if [ -f "$ROOT/tests/tsan.supp" ]; then TSAN_OPTIONS+=":suppressions=$ROOT/tests/tsan.supp"; fi
}

run_tests() {
  setup_all
  mkdir -p "$RESULTS"
  test_environment
  sanitizer_options
  local started=$SECONDS
  case "${1:-all}" in
    unit) test_unit ;;
    integration) test_integration ;;
    e2e) test_e2e ;;
    matrix) test_matrix ;;
    conformance) test_conformance ;;
    all)
      test_unit
      test_integration
      test_e2e
      ;;
    *) die "usage: ./dev test [unit|integration|e2e|matrix|conformance]" ;;
  esac
  printf '\n'
  printf '%s\n' "${SUMMARY[@]}"
  printf 'all of it, set-up and builds included, took %d s\n' "$((SECONDS - started))"
  printf '%d passed, %d failed\n' "$PASSED" "$FAILED"
  [ "$FAILED" -eq 0 ] && [ "$PASSED" -gt 0 ]
}

our_cpp() {
  git -C "$ROOT" ls-files --cached --others --exclude-standard '*.cc' '*.h'
}

lint() {
  setup_all
  build release
  cd "$ROOT" || return
  step "clang-format" bash -c "git ls-files '*.cc' '*.h' | xargs clang-format --dry-run -Werror"
  step "shellcheck" shellcheck -x dev .ci/run tools/dev/*.sh
  step "thread-safety analysis" "$VENV_PYTHON" tools/dev/clang_checks.py thread-safety
  step "clang-tidy" "$VENV_PYTHON" tools/dev/clang_checks.py tidy
  step "the tree's own rules" "$VENV_PYTHON" -m pytest -q -p no:cacheprovider tests/tidy
}

format() {
  setup_packages
  (cd "$ROOT" && our_cpp | xargs clang-format -i)
}
