"""`cloudrun secrets …`, a module for each subject."""
