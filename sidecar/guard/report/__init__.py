"""How good decisions were, from the journal of decisions and what became of their calls.

One pass, newest first, in memory that does not grow with the number of decisions: counts, sums and histograms. Each
module holds one block of the report; ``whole.py`` puts them together, ``reading.py`` reads the store in small pieces.
"""
