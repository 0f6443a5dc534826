"""The pieces of the legal holds' page."""
