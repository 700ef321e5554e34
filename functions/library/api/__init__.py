"""The public API: one module a resource, and what they have in common.

app          puts it all together          problems     errors as problem details, and their docs
security     who calls                     middleware   what every answer gets, and large bodies
job_start    the one way to start a job    multipart, uploads    a file on its way into storage
pagination   pages and cursors             models                what goes in; what comes out is in shared.api_models
responses, problem_schemas, examples, descriptions -> documentation: the OpenAPI document; docs shows it
"""
