# Debian packages, Python packages, builds. Each step is a no-op the second time.
# shellcheck shell=bash

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "installing Debian packages needs root or sudo"
  fi
}

missing_packages() {
  local package
  while read -r package; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done <"$ROOT/tools/dev/packages.txt"
}

install_packages() {
  as_root apt-get update
  # shellcheck disable=SC2086 # one word a package
  DEBIAN_FRONTEND=noninteractive as_root apt-get install -y --no-install-recommends $1
}

# install_if_missing PROGRAM PACKAGE
install_if_missing() {
  if ! PATH="$PATH:/usr/sbin" command -v "$1" >/dev/null; then
    step "installing $2" install_packages "$2"
  fi
}

setup_packages() {
  local list="$ROOT/tools/dev/packages.txt" missing
  done_before packages "$list" && return
  missing=$(missing_packages | tr '\n' ' ')
  if [ -n "$missing" ]; then
    step "installing Debian packages" install_packages "$missing"
  fi
  remember packages "$list"
}

make_venv() {
  local python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  "$python" -m venv --clear "$VENV"
  "$VENV/bin/pip" install --disable-pip-version-check -r "$ROOT/tools/dev/requirements.txt"
}

setup_python() {
  local list="$ROOT/tools/dev/requirements.txt"
  if [ -x "$VENV_PYTHON" ] && done_before python "$list"; then return; fi
  step "installing PySpark and the test tools into .cache/venv" make_venv
  remember python "$list"
}

configure() {
  local preset=$1 options=()
  if [ "$preset" = release ]; then options+=("-DFOXFIRE_SPARK_HOME=$(spark_home)"); fi
  # Fresh: CMake forgets what it was told when a preset changes the compiler of a folder that there is.
  (cd "$ROOT" && JAVA_HOME=$(java_home) cmake --fresh --preset "$preset" "${options[@]}")
}

# build PRESET [TARGET…]: everything if no target is named.
build() {
  local preset=$1
  shift
  export CCACHE_DIR="${CCACHE_DIR:-$CACHE/ccache}" CCACHE_BASEDIR="$ROOT"
  export CCACHE_SLOPPINESS=pch_defines,time_macros # without these it never hits with precompiled headers
  local ninja="$ROOT/build/$preset/build.ninja"
  if [ ! -f "$ninja" ] || [ "$ROOT/CMakePresets.json" -nt "$ninja" ]; then
    step "configuring the $preset build" configure "$preset"
  fi
  local title="building ($preset)"
  if [ $# -gt 0 ]; then title="building $* ($preset)"; fi
  step "$title" ninja -C "$ROOT/build/$preset" "$@"
}

setup_all() {
  setup_packages
  setup_python
}
