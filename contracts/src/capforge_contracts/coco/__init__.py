"""COCO detection files as Capforge reads them: the rules for each record, the same for command line and snapshot.

Only `images`, `annotations` and `categories` are read, and of their records only the fields that a detector needs.
"""
