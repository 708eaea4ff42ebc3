"""Objects in a store: S3 and what speaks its protocol, Tencent's COS, Google's and Azure's, and plain HTTP."""
