"""The database's schema: applying migrations, and writing the next one from supabase/schemas."""
