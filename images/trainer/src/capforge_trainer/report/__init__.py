"""`report.html`: everything there is to see of a finished run, in one file without outside references."""
