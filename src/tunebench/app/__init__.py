"""The use cases end to end, which are also the Python API."""
