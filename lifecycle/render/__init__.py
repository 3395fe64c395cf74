"""Rendering: a template is compiled once per version, and a letter is made of it per message."""
