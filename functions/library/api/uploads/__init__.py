"""An uploaded video on its way into storage: multipart, staging and probing."""
