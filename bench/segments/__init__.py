"""How fast segments are: ticks, builds, ingest and memory on a large shop of made-up people."""
