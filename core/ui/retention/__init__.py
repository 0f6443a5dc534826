"""The pieces of the retention page: purposes declared against what the vendor is set to."""
