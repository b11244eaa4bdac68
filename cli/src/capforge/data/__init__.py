"""Labelled data on its way into the object store."""
