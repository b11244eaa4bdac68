"""From the bytes that somebody sent to pages. Runs in reading processes only: it parses what strangers send."""
