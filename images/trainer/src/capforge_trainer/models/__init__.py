"""The network, what it should answer, and how far off it is."""
