"""Faults on purpose: a proxy that stands before the API server or the object store and breaks what it is told to."""
