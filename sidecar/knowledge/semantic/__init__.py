"""Matching by meaning: vectors of texts, nearest vectors, and how they join BM25. Off unless the settings say so."""
