"""The vendors' contracts, one a file, all over one bounded and recorded call."""
