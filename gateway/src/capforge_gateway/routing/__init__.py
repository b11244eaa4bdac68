"""Where a request goes: the table, the version it means, and how the table is kept fresh."""
