# The main job: a gateway with an embedded ZooKeeper, a user, an answer.
# shellcheck shell=bash

VAR=$(realpath -m "${FOXFIRE_VAR:-$ROOT/var}")
PORT=${FOXFIRE_PORT:-15002}
CONFIG="$VAR/foxfire.toml"
FOXFIRED="$ROOT/build/release/server/foxfired"
FOXFIRE="$ROOT/build/release/cli/foxfire"
GATEWAY_PID=
EXAMPLE_PID=

write_config() {
  mkdir -p "$VAR"
  chmod 700 "$VAR"
  cat >"$CONFIG.new" <<TOML
# Written by ./dev; every key is explained in conf/foxfire.toml.
[server]
listen = "127.0.0.1:$PORT"
state_folder = "."
pid_file = "foxfired.pid"
on_shutdown = "stop"

[admin]
listen = "127.0.0.1:$((PORT + 1))"

[http]
listen = "127.0.0.1:$((PORT + 2))"

[zookeeper]
embedded = true
embedded_port = $((PORT + 3))

[engine]
jar = "$ROOT/build/release/foxfire-engine.jar"

[profile.default]
spark_home = "$(spark_home)"
java_home = "$(java_home)"
python = "$VENV_PYTHON"
TOML
  if cmp -s "$CONFIG.new" "$CONFIG"; then rm "$CONFIG.new"; else mv "$CONFIG.new" "$CONFIG"; fi
}

# A pid file outlives a killed gateway, and its number may belong to somebody else by now.
gateway_is_running() {
  local pid
  pid=$(cat "$VAR/foxfired.pid" 2>/dev/null) || return 1
  tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF "$CONFIG"
}

setup_gateway() {
  if gateway_is_running; then
    local pid
    pid=$(cat "$VAR/foxfired.pid")
    die "a gateway already serves ${VAR#"$ROOT"/} (pid $pid): use it, or end it with: kill $pid"
  fi
  setup_all
  build release foxfired foxfire foxfire_engine_jar
  write_config
  "$FOXFIRED" --config "$CONFIG" --check-config >/dev/null
}

prepare_archive() {
  if ! compgen -G "$VAR/cache/*/*.jsa" >/dev/null && ! compgen -G "$VAR/cache/*.jsa" >/dev/null; then
    step "making the class data archive (engines start in half the time with it)" \
      "$FOXFIRED" --config "$CONFIG" --prepare
  fi
}

foxfire_as_admin() {
  "$FOXFIRE" --server "127.0.0.1:$((PORT + 1))" --token-file "$VAR/tokens/admin" "$@"
}

readiness() {
  exec 3<>"/dev/tcp/127.0.0.1/$((PORT + 2))" || return 1
  printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3
  local answer
  answer=$(cat <&3)
  exec 3>&-
  printf '%s' "$answer"
}

await_ready() {
  local deadline=$((SECONDS + 60))
  until readiness 2>/dev/null | head -n 1 | grep -q ' 200 '; do
    kill -0 "$GATEWAY_PID" 2>/dev/null || return 1
    if [ $SECONDS -ge $deadline ]; then
      readiness >&2 || true
      return 1
    fi
    sleep 0.1 # until the port answers there is nothing to wait on
  done
}

start_gateway() {
  # In a group of its own: Ctrl-C is ours to pass on, after the example has ended.
  setsid "$FOXFIRED" --config "$CONFIG" >>"$VAR/foxfired.log" 2>&1 </dev/null &
  GATEWAY_PID=$!
  trap stop_gateway EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  local started=$SECONDS
  printf '· starting foxfired and its ZooKeeper … '
  if ! await_ready; then
    printf 'failed\n'
    tail -n 15 "$VAR/foxfired.log" >&2
    exit 1
  fi
  printf '%d s\n' "$((SECONDS - started))"
}

stop_gateway() {
  local status=$?
  trap '' HUP INT TERM
  trap - EXIT
  if [ -n "$EXAMPLE_PID" ]; then kill "$EXAMPLE_PID" 2>/dev/null || true; fi
  if [ -n "$GATEWAY_PID" ] && kill -TERM "$GATEWAY_PID" 2>/dev/null; then
    printf '· stopping engines, ZooKeeper and foxfired … '
    local started=$SECONDS
    wait "$GATEWAY_PID" || true
    printf '%d s\n' "$((SECONDS - started))"
  fi
  exit "$status"
}

# A token that still works is kept: people may have put it into their notebooks.
ensure_token() {
  local user=$1 file="$VAR/tokens/$1"
  if [ -f "$file" ] && "$FOXFIRE" --server "127.0.0.1:$((PORT + 1))" --token-file "$file" \
    session list >/dev/null 2>&1; then
    return
  fi
  foxfire_as_admin token create --user "$user" --output json |
    (umask 077 && "$VENV_PYTHON" -c 'import json, sys; print(json.load(sys.stdin)["token"])' >"$file.new")
  mv "$file.new" "$file"
}

connection_string() {
  printf 'sc://localhost:%d/;token=%s' "$PORT" "$(cat "$VAR/tokens/$1")"
}

# show_progress TEXT: one line that is written over on a terminal, a line for each change elsewhere.
PROGRESS=
show_progress() {
  if [ -t 1 ]; then
    printf '\r\033[K  %s (%d s)' "$1" "$((SECONDS - EXAMPLE_STARTED))"
  elif [ "$1" != "$PROGRESS" ]; then
    printf '  %s (%d s)\n' "$1" "$((SECONDS - EXAMPLE_STARTED))"
  fi
  PROGRESS=$1
}

# Shows how the engine of the example comes up while the example waits for it.
watch_launch() {
  local state=''
  while kill -0 "$EXAMPLE_PID" 2>/dev/null && [ "$state" != ready ]; do
    state=$(foxfire_as_admin engine list --user alice --output json 2>/dev/null |
      grep -o '"state": *"[a-z]*"' | head -n 1 | cut -d'"' -f4) || true
    if [ -n "$state" ]; then show_progress "alice's engine: $state"; fi
    sleep 0.5 # progress for people, not a wait for anything
  done
  if [ -t 1 ] && [ -n "$PROGRESS" ]; then printf '\n'; fi
}

run_example() {
  local status=0
  EXAMPLE_STARTED=$SECONDS
  printf '· running docs/examples/quickstart.py as alice\n'
  SPARK_REMOTE=$(connection_string alice) "$VENV_PYTHON" "$ROOT/docs/examples/quickstart.py" &
  EXAMPLE_PID=$!
  watch_launch
  wait "$EXAMPLE_PID" || status=$?
  EXAMPLE_PID=
  printf '· the example ended with status %d after %d s\n' "$status" "$((SECONDS - EXAMPLE_STARTED))"
  return "$status"
}

print_next() {
  cat <<TEXT

Foxfire serves Spark Connect on port $PORT. Try, from PySpark:
  SparkSession.builder.remote("$(connection_string alice)").getOrCreate()     # alice
  SparkSession.builder.remote("$(connection_string bob)").getOrCreate()     # bob
and from another terminal:
  ./dev foxfire engine list
  ./dev foxfire session list
  ./dev foxfire event list --user alice --since 1h
  ./dev foxfire engine kill ENGINE
  ./dev foxfire token create --user carol
The log is ${VAR#"$ROOT"/}/foxfired.log, metrics are at http://127.0.0.1:$((PORT + 2))/metrics. Ctrl-C ends it all.
TEXT
}

run_main_job() {
  local once=${1:-} status=0
  case "$once" in '' | --once) ;; *) die "usage: ./dev run [--once]" ;; esac
  setup_gateway
  prepare_archive
  start_gateway
  ensure_token alice
  ensure_token bob
  run_example || status=$?
  if [ -n "$once" ]; then exit "$status"; fi
  print_next
  wait "$GATEWAY_PID"
}

serve() {
  setup_gateway
  exec "$FOXFIRED" --config "$CONFIG"
}

run_cli() {
  [ -x "$FOXFIRE" ] || die "not built yet: ./dev run"
  [ -f "$VAR/tokens/admin" ] || die "there is no ${VAR#"$ROOT"/}/tokens/admin: run ./dev run or ./dev serve first"
  foxfire_as_admin "$@"
}
