"""Building the images that Capforge runs, and bringing them to the cluster."""
