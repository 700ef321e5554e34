"""The OpenAPI document: held against the routes, and the routes against it."""
