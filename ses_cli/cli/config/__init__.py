"""`ses-events config`."""
