"""`make bench-send`: what it costs to send, on one core, beside a plain loop and a stand-in SES."""
