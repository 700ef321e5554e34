"""The public API of the library, in packages that import only downwards.

app         assembles the application      routes      one module per resource
job_start   starts a job of any kind       uploads     receives a file and stores it
openapi     the document and its page      http        authentication, middleware, problem details
models      request bodies; response bodies are in shared.api_models
"""
