"""What `benchmarks.predict` runs beside our gateway, each in the peer's own environment; and how those are made."""
