"""`ses-events completion`."""
