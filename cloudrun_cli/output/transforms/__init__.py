"""The transforms of gcloud's projections, by what they work on."""
