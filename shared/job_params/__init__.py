"""The parameters of each job kind, validated by the library and read by the worker."""
