"""What the operator costs and how fast it is, on a real API server and a real S3 server; beside kopf's own handlers."""
