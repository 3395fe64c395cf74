"""Statistical models fitted on the shop's own facts: arrays in, estimates out."""
