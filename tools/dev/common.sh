# What every part of ./dev uses. Sourced; ROOT is the checkout.
# shellcheck shell=bash

CACHE="$ROOT/.cache"
LOGS="$CACHE/logs"
VENV="$CACHE/venv"
VENV_PYTHON="$VENV/bin/python"
mkdir -p "$LOGS"

die() {
  printf 'dev: %s\n' "$*" >&2
  exit 1
}

# On a terminal: the last line of the log, over and over, until it is killed or ./dev ends.
show_tail() {
  local title=$1 log=$2
  while sleep 1 && kill -0 "$$" 2>/dev/null; do
    printf '\r\033[K· %s … %.60s' "$title" "$(tail -n 1 "$log")"
  done
}

# step TITLE COMMAND…: says what is done and how long it took; its output goes to a log, whose end is
# shown if it fails.
step() {
  local title=$1 log started=$SECONDS ticker='' status=0
  shift
  log="$LOGS/$(printf '%s' "$title" | tr -cs 'a-zA-Z0-9' '-').log"
  printf '· %s … ' "$title"
  : >"$log"
  if [ -t 1 ]; then
    show_tail "$title" "$log" &
    ticker=$!
  fi
  "$@" >"$log" 2>&1 || status=$?
  if [ -n "$ticker" ]; then
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    printf '\r\033[K· %s … ' "$title"
  fi
  if [ "$status" -eq 0 ]; then
    printf '%d s\n' "$((SECONDS - started))"
    return
  fi
  printf 'failed after %d s\n' "$((SECONDS - started))"
  tail -n 40 "$log" >&2
  die "$title failed; the whole log: ${log#"$ROOT"/}"
}

# done_before NAME FILE…: true if remember NAME was called when these files had this content.
fingerprint() {
  cat "$@" | sha256sum | cut -d' ' -f1
}
done_before() {
  local name=$1
  shift
  [ "$(cat "$CACHE/$name.stamp" 2>/dev/null)" = "$(fingerprint "$@")" ]
}
remember() {
  local name=$1
  shift
  fingerprint "$@" >"$CACHE/$name.stamp"
}

spark_home() {
  printf '%s/pyspark' "$("$VENV_PYTHON" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')"
}

java_home() {
  local javac
  for javac in /usr/lib/jvm/java-17-openjdk-*/bin/javac; do
    if [ -x "$javac" ]; then
      dirname "$(dirname "$javac")"
      return
    fi
  done
  die "there is no Java 17 in /usr/lib/jvm: apt-get install openjdk-17-jdk-headless"
}
