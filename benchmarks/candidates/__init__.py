"""Candidates: what finding them costs, and how often what is right is among them."""
