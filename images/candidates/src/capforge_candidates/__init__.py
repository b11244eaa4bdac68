"""Reads documents: words by OCR or from the file, and the typed values that they spell."""
