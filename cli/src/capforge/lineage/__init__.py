"""`capforge lineage`: from an answer back to the annotations that its model learned from."""
