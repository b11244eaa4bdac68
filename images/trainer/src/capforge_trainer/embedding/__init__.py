"""Embedders: regions in, vectors out, near each other where the regions are of one class.

Nothing is imported here, for templates are made from `parameters` where there is no torch.
"""
