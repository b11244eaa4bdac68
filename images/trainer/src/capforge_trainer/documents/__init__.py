"""The template `candidate-scorer` around its network: documents in, judged and published model out."""
