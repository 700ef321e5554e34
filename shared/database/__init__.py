"""The one way to the database: a client per process, and calls of SQL functions with their errors translated."""
