"""The embedded S3 server's start."""
