"""The part of Supabase Storage that the library's callers use: uploads with a signed token."""
