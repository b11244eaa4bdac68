"""How well pages are read."""
