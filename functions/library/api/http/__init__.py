"""HTTP around the routes: authentication, middleware, problem details and the connection."""
