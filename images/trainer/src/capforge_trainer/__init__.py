"""The trainer: run.json in, checked ONNX and model card out."""
