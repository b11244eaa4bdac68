"""Locked datasets: what is in them, what differs, and their files."""
