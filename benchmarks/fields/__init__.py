"""How many fields of receipts are read right after 20, 50 and 150 annotated documents (`make bench-fields`)."""
