"""What classifiers and embedders say about regions of an image: brought by the request, or found in it (ADR 0155)."""
