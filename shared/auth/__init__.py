"""Authentication of callers: Supabase users by their access tokens, Google service accounts by their ID tokens."""
