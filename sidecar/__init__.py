"""The Forewarn daemon: remembers how tool calls turn out and says so before the next one."""

__version__ = "0.1.0"
