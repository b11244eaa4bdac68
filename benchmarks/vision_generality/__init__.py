"""Small drawn sets of very different kinds, and what the vision templates make of them with their defaults."""
