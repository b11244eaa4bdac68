//go:build tools

// Package tools pins the upstream etcd that tests and the local cluster run.
package tools

import _ "go.etcd.io/etcd/server/v3"
