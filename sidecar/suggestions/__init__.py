"""Suggestions: what was observed in workflows and calls, drafted as changes that wait for a person."""
