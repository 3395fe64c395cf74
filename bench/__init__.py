"""Measurements: what parts of the engine cost, as ratios taken inside one run."""
