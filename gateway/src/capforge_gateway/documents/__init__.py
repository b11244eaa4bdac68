"""The document loop: documents, what people say about them, and predictions that come with candidates."""
