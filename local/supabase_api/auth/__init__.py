"""The part of Supabase Auth that a page needs to sign a user in: password, refresh, user, sign-out.

Source of paths, bodies and errors: Supabase Auth's API (supabase.com/docs/reference/self-hosting-auth) and its code
(supabase/auth, internal/api). Accounts are rows of auth.users, as on Supabase.
"""
