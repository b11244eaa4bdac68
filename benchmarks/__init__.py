"""Measured figures, each by a program that anybody can run."""
