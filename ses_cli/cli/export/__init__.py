"""`ses-events export`."""
