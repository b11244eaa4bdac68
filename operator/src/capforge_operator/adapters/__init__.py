"""The ports on real things: API server, object store, pods over HTTP. Imported by `__main__` only."""
