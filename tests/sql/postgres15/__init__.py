"""The schedule on Debian's Postgres 15 with pg_cron."""
