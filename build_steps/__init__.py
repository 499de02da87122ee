"""Steps of the build that the Makefile calls. Nothing here is shipped."""
