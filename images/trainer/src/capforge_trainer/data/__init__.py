"""From manifests in the store to batches of training images."""
