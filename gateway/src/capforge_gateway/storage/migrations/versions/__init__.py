"""One file for each step, named `<number>_<what it adds>`."""
