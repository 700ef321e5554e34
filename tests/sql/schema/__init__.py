"""Rules for the schema as a whole: constraints, grants, the REST API."""
