"""The Kubernetes API as the commands need it."""
