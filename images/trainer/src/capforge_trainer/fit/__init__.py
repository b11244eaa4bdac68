"""The training loop and what keeps it going: schedule, averaged weights, checkpoints."""
