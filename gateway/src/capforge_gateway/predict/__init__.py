"""The hot path: bytes of an image in, entities out. Plain ASGI, no framework, no float images in Python."""
