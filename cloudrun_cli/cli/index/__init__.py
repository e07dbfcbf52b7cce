"""What help and completion read: the command tree as plain values, written from the tree itself."""
