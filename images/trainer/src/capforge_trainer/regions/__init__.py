"""What models of regions share: classifiers and embedders see crops, each with the position of its class."""
