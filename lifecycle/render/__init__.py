"""Rendering: MJML with Jinja is compiled once per version, and a letter is made of it per message."""
