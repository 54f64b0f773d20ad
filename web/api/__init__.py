"""The JSON API under /api/v1: the verbs of the command line over the same operations, for programs with a bearer token."""
