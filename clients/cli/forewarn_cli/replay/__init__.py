"""Replays recorded calls: asks before each whether it should be prevented, tells its outcome after, and keeps score."""
