"""The specification: tests on real Postgres, PostgREST, gateway and functions."""
