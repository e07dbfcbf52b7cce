"""What is typed: one file per command group."""
