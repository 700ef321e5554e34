"""The public API of the library, in rooms that depend only downwards.

app         puts it all together           routes      one module for each resource
job_start   the one way to start a job     uploads     a file on its way into storage
openapi     the document and its page      http        authentication, middleware, problem details
models      request bodies; response bodies are in shared.api_models
"""
