"""What turns rings of the bell into reconciles: queue, workers, threads, resync, liveness."""
