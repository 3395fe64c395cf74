"""The engine: one tick takes in, turns segments, walks flows, sends letters and tidies up."""
