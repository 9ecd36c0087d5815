# HTTP/2 conformance: h2spec against foxfired.
# shellcheck shell=bash

make_h2spec() {
  (cd "$ROOT/tests/conformance" && go build -o "$CACHE/h2spec" github.com/summerwind/h2spec/cmd/h2spec)
}

test_conformance() {
  build release
  if ! done_before h2spec "$ROOT/tests/conformance/go.sum"; then
    install_if_missing go golang-go
    step "building h2spec" make_h2spec
    remember h2spec "$ROOT/tests/conformance/go.sum"
  fi
  FOXFIRE_H2SPEC="$CACHE/h2spec" run_pytest conformance tests/conformance
}
