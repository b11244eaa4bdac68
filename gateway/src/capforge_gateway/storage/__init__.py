"""Documents, submissions, readings and queued predictions in PostgreSQL; their bytes in the object store."""
