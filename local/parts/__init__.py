"""The parts of the stack: Postgres, PostgREST, gateway, functions, edge functions, scheduler."""
