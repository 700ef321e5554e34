"""Who is calling: Supabase users by their access tokens, Google service accounts by their ID tokens."""
