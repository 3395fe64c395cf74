"""Reports: why a customer was written to or not, and what campaigns, tests and segments come to."""
