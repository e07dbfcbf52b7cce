"""The public JSON shapes, to and from the values."""
