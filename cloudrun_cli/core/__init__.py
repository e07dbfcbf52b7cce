"""The rules of Cloud Run as frozen values and pure functions."""
