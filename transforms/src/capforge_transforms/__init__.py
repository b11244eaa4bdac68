"""Pixels, the same for training and serving."""
