"""Annotated images: searched, drafted, made into datasets."""
