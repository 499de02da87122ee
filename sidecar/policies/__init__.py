"""Policies that people write: documents, conditions, the engine, and what proves it. See docs/policies.md."""
