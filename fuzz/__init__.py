"""Fuzzing of everything that reads what others wrote: one target a parser, and seeds for each."""
