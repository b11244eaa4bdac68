"""The files and names that Capforge's processes share.

Each module describes one thing that one process writes and another reads. Nothing here knows Kubernetes, torch or HTTP.
"""
