"""Capture: what comes in of a call and its result, redacted and reduced to what may be kept.

Everything here is a pure function of its input and of the store's key: no time, no randomness, no I/O. Nothing in
this room raises anything but :class:`~sidecar.model.errors.InvalidArgumentError` for what callers send.
"""
