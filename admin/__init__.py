"""The console. It comes with its own change; the command line and the Python API are complete without it."""
