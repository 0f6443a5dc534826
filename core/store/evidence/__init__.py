"""Evidence packages: what the log says about a request or a period, so that others can check it themselves."""
