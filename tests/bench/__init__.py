"""How fast it is, and whether that is fast enough: ``make bench``. A benchmark is a module in ``measures/``."""
