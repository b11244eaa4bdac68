"""The Open Inference Protocol (V2) over HTTP, with binary tensors: the gateway as a model server (ADR 0100)."""
