"""Locked datasets of images over HTTP: what there is, what is in them, what differs, their files."""
