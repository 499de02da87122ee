"""Whether the clients in other languages talk to the daemon: their examples, run against a real one."""
