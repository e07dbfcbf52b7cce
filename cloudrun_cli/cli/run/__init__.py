"""The commands under `cloudrun run`."""
