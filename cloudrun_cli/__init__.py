"""Cloud Run on one machine, behind a gcloud-style command line."""

__version__ = "0.1.0"
