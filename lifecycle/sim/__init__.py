"""Stand-ins for the outside world: what tests and trials talk to instead of Amazon."""
