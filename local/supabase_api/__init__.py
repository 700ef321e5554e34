"""What a Supabase project serves besides its data API, as far as it exists on one machine.

The gateway routes /auth/v1, /storage/v1 and /realtime/v1 to it. What is missing is answered with the reason. Nothing of
it is deployed.
"""
