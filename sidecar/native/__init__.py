"""Kernels in C (by Cython): what a decision computes over characters, hashes, bytes and floats.

They hold no idea of their own: each does, to the last bit, what a few plain lines of Python would, and those stand in
``tests/native/plain.py`` to say so. Nothing here reads the store; ``learning`` and ``model`` use it.
"""
