"""Classifiers of regions: each crop gets a probability for every output of the capability."""
