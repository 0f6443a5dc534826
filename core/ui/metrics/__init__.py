"""The metrics page: what to measure, the measures as cards, charts and tables, and the same as a file."""
