"""The functions behind a gateway in hosted mode, which refuses and loses calls as hosted Supabase does."""
