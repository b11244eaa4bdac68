// Command coredns is CoreDNS with only the plugins that the local cluster's
// Corefile names; leaving the others out keeps its build short.
package main

import (
	"github.com/coredns/coredns/core/dnsserver"
	"github.com/coredns/coredns/coremain"

	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/health"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
)

// The order in which a query passes the plugins, outermost first.
var order = []string{"health", "ready", "errors", "cache", "kubernetes", "forward"}

func main() {
	dnsserver.Directives = order
	coremain.Run()
}
