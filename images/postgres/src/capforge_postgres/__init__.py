"""The embedded PostgreSQL's start."""
