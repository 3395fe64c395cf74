"""Experiments on experiments: what our statistics are worth, in simulations of stated truth."""
