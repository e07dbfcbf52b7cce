"""The commands under `cloudrun iam`, and those of what stands above its resources."""
