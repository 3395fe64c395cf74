"""HTTP: events and customers in, clicks, unsubscribes and feedback; health, letters to look at."""
