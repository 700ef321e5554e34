"""A negative control breaks the schema as it is now, or says that it no longer can."""

import pytest

from tests.faults.injection.breaks import BREAKS, Break, Change, TextNotFound


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_a_control_finds_its_text_in_the_schema(name: str) -> None:
    sql = BREAKS[name].sql
    assert "create or replace function public.editai_" in sql
    assert all(change.new in sql for change in BREAKS[name].changes)


def test_a_control_whose_text_is_gone_stops_the_run() -> None:
    change = Change(file="clock/clock.sql", old="select now()", new="select null")
    with pytest.raises(TextNotFound, match=r"clock/clock\.sql has this text 0 times"):
        _ = Break(changes=(change,), rules=()).sql
