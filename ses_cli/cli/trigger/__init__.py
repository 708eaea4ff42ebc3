"""`ses-events trigger`."""
