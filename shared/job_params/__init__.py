"""The parameters of each kind of job. The library validates them, the worker reads them."""
