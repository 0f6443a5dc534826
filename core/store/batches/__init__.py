"""Batches on disk: what is staged until somebody decides, and the many rows that come of it in short transactions."""
