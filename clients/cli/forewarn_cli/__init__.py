"""The command `forewarn`: asks a running daemon, tells it outcomes, shows what it learned, replays traces.

It speaks gRPC with the generated stubs and never imports the daemon. Everything heavy (grpc, protobuf, rich) is
imported inside the command that needs it, so that `--help` and completion stay quick.
"""
