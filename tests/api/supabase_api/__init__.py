"""What the local stack serves of a Supabase project besides its data API, as the real clients use it."""
