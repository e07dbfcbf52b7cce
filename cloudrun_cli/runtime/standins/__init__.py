"""The two public sample images as small programs, for machines without an engine or a registry."""
