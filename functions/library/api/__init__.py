"""The public API: one module a resource, and what they have in common.

app          puts it all together          problems     errors as problem details, and their docs
security     who calls                     middleware   what every answer gets, and large bodies
job_start    the one way to start a job    multipart, uploads    a file on its way into storage
pagination   pages and cursors             models, examples      what goes in and out
"""
