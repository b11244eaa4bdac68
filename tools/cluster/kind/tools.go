//go:build tools

// Package tools pins the upstream kind that runs a cluster in a Docker engine.
package tools

import _ "sigs.k8s.io/kind"
