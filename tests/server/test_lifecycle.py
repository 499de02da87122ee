"""Starting, stopping, and what is said where neither works."""

from __future__ import annotations


def test_x(daemon):
    assert daemon.stop() == 0, daemon.log
    daemon.start()
    daemon.kill()
    daemon.start()
    print(daemon.start_seconds)
def test_y(daemon):
    print(daemon.start_seconds)
