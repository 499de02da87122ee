"""Policies in force: kept, watched, asked before calls, counted after them. ``sidecar/policies`` evaluates them."""
