"""Batches as people see them, from the upload to the result."""
