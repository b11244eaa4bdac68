"""What is in locked datasets, counted and compared: the same for the gateway and for the command."""
