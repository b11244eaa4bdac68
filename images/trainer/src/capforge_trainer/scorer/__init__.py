"""The candidate scorer: learns from a few annotated documents which words and typed values fill which field.

`examples.Example`, `fit.fit`, `graph.scorer_graph`; nothing is imported here, for the operator's templates are made
from `parameters` where there is no torch.
"""
