"""What must not be left in the database, once every job has ended and cleanup has had time to run."""

from collections.abc import Mapping
from typing import LiteralString

import psycopg

_QUERIES: Mapping[str, LiteralString] = {
    "jobs that have not ended": """
        select id::text from editai_jobs where status in ('queued', 'running')
    """,
    "projects at work without a job": """
        select p.id from editai_projects p
        where p.status in ('generating', 'rendering') and not exists (
          select from editai_jobs j where j.project_id = p.id and j.status in ('queued', 'running'))
    """,
    "leases that nobody has reclaimed": "select project_id from editai_locks",
    "completed jobs that show less than 100 %": """
        select g.project_id from editai_generation_progress g
        where g.percentage <> 100 and 'completed' = (
          select j.status from editai_jobs j where j.project_id = g.project_id
          order by j.row_number desc limit 1)
    """,
    "cancelled jobs that show progress": """
        select g.project_id from editai_generation_progress g
        where 'cancelled' = (
          select j.status from editai_jobs j where j.project_id = g.project_id
          order by j.row_number desc limit 1)
    """,
    "progress of no project": """
        select g.project_id from editai_generation_progress g
        where not exists (select from editai_projects p where p.id = g.project_id)
    """,
}


def remains(database_url: str) -> Mapping[str, tuple[str, ...]]:
    """The ids of what is left, by kind; empty if nothing is. Raises psycopg.OperationalError."""
    with psycopg.connect(database_url, connect_timeout=5) as connection:
        found = {
            what: tuple(str(row[0]) for row in connection.execute(query))
            for what, query in _QUERIES.items()
        }
    return {what: ids for what, ids in found.items() if ids}
