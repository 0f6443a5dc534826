"""Who the desk is to a vendor, and who a person is to the desk."""
