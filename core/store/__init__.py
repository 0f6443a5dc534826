"""The desk's one SQLite file: what was asked, what happened, and the chain that proves it."""
