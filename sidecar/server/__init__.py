"""Thin gRPC services: translate, call a room, translate back. Nothing here decides or learns."""
