"""The demo: real orders through the example shop's own campaigns, on a virtual clock."""
