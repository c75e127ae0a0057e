"""The HTTP service: controllers over the use cases of the store."""
