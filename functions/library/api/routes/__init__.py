"""The routes of the API: one module for each resource, with the pages and URLs they share."""
