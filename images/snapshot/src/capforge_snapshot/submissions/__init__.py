"""Annotated documents: streamed from the gateway, checked against their readings, frozen."""
