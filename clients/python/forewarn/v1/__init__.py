"""The messages and services of the API, generated from proto/forewarn/v1."""
