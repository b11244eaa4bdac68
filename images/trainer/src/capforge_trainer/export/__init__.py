"""From trained weights to one ONNX file, and the proof that it answers as the network does."""
