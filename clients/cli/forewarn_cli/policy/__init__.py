"""`forewarn policy`: rules that people write."""
