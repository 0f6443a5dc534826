"""The pieces of the approvals page."""
