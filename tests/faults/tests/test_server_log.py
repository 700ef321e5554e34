"""A logged error that means a bug in the SQL is a violation; an effect of an injected fault is not."""

from pathlib import Path

from tests.faults.evidence.server_log import faults_in
from tests.faults.rules.refusals import SQL_FAULT

EXPLAINED = """\
00000 LOG:  database system is ready to accept connections
57P01 FATAL:  terminating connection due to administrator command
55P03 ERROR:  canceling statement due to lock timeout
55P03 CONTEXT:  while locking tuple (0,1) in relation "editai_locks"
"""
DEADLOCK = """\
40P01 ERROR:  deadlock detected
40P01 DETAIL:  Process 7 waits for ShareLock on transaction 9; blocked by process 8.
\tProcess 8 waits for ShareLock on transaction 7; blocked by process 7.
40P01 STATEMENT:  select editai_cleanup_leases(100, 1)
"""


def test_a_logged_bug_of_the_sql_is_a_violation(tmp_path: Path) -> None:
    log = tmp_path / "postgres.log"
    log.write_text(EXPLAINED)
    assert faults_in(log) == []
    log.write_text(EXPLAINED + DEADLOCK + EXPLAINED)
    (fault,) = faults_in(log)
    assert fault.rule == SQL_FAULT
    assert len(fault.history) == 4
    assert "deadlock detected" in fault.history[0]
    assert "cleanup_leases" in fault.history[3]
