"""Rollouts: a pattern or policy for a share of sessions, and a test against the rest that may always be looked at."""
