"""Faults: the real daemon on real databases, broken on purpose, and judged by an oracle."""
