"""The HTTP face: predictions, descriptions, metrics."""
