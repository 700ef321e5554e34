"""The real Supabase CLI on this repository: what it applies, finds and accepts."""
