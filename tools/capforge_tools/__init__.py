"""Capforge's own tools: pinned upstream binaries, the local cluster and image building. Standard library only."""
