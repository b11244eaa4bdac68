"""A whole Kubernetes on this machine, without Docker: control plane, two nodes, DNS, volumes."""
