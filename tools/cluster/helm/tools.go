//go:build tools

// Package tools pins the upstream helm that tests and the local cluster run.
package tools

import _ "helm.sh/helm/v3/cmd/helm"
