//go:build tools

// Package tools pins the promtool that checks the alerting rules and tests them on series.
package tools

import _ "github.com/prometheus/prometheus/cmd/promtool"
