"""Programs of others that answer the same questions, to be measured in the same run. None is a dependency."""


class UnavailableError(Exception):
    """A program of others does not run here: nothing is compared, and that is said."""
