"""Decisions: check a call, combine evidence into a verdict, rank alternatives, inject context. Reads, never learns."""
