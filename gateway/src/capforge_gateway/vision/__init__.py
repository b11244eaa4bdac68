"""Annotated images: files, what people say is in them, searches, drafts of datasets."""
