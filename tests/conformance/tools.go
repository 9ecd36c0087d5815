//go:build tools

// Package conformance names the programs that the tests of this folder run; go.mod pins them.
package conformance

import _ "github.com/summerwind/h2spec/cmd/h2spec"
