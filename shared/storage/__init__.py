"""Files of projects: one interface over a Supabase Storage bucket or a local directory."""
