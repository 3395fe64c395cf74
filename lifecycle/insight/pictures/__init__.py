"""Pictures of reports, as PNG and SVG from one drawing; nothing here is imported by the daemon."""
