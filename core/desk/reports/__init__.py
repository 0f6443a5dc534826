"""The report of the meeting: the measures as cards, charts and tables, for the page, for paper and for files."""
