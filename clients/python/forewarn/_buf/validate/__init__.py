"""protovalidate's rules, generated."""
