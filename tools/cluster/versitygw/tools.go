//go:build tools

// Package tools pins the upstream versitygw that tests and the local cluster run.
package tools

import _ "github.com/versity/versitygw/cmd/versitygw"
