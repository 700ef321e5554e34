"""All access to the database: one client per process, and calls of SQL functions with their errors translated."""
