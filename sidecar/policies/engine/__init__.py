"""The engine behind policies: durable-rules, and what makes it safe, exact and quick. See docs/decisions/0022.

``evaluator.py`` is the door. Nothing is imported here: the probe's child process needs only ``rete.py``, and starts in
a quarter of the time so.
"""
