"""Snapshots: labelled data in, a checked and frozen dataset out."""
