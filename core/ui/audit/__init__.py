"""The pieces of the audit log's page."""
