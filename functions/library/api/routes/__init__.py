"""The routes of the API: one module per resource, and the pagination and file URLs that they share."""
