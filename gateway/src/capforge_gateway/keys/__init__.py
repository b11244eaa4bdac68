"""Who may ask: the hashed keys of each tenant namespace, and how they are kept fresh."""
