"""The document loop as a person goes through it: documents in, candidates picked, models that come by themselves."""
