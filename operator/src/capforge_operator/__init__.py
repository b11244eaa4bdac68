"""The Kubernetes operator: resources in, Jobs and served versions out."""
