"""A trainer of its own: it knows Capforge's files (capforge_contracts) and pixels (capforge_transforms), no more."""
