"""One module for each format: they read a source into the index, and name what is wrong with it."""
