"""`ses-events report`."""
