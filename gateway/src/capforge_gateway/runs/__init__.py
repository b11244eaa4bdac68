"""What finished runs leave to look at and to fetch: report, model, card, metrics."""
