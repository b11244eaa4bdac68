"""One reconcile function per kind: read live, decide purely, act in a fixed order."""
