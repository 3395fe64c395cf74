"""The rule language: one tree, asked in Python here and in SQL by the store."""
