"""A name is the same to the library and to the tables: compared for every character there is."""

from typing import LiteralString

from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.sql import SQL

from shared.names import FORBIDDEN, INVISIBLE, checked_name, is_forbidden, shown_file_name
from tests.support.database import Connection

LAST = 0x10FFFF
EVERY_CHARACTER = SQL(
    "select code from generate_series(1, 1114111) code where code not between 55296 and 57343"
)


def codes(admin: Connection, condition: LiteralString) -> set[int]:
    rows = admin.execute(SQL("{} and {}").format(EVERY_CHARACTER, SQL(condition)))
    return {row["code"] for row in rows}


def in_ranges(ranges: tuple[tuple[int, int], ...]) -> set[int]:
    return {code for first, last in ranges for code in range(max(first, 1), last + 1)}


def test_sql_refuses_the_same_characters_and_counts_the_same_as_invisible(
    admin: Connection,
) -> None:
    surrogates = set(range(0xD800, 0xE000))
    refused = codes(admin, "not editai_is_name('a' || chr(code) || 'a')")
    assert refused == in_ranges(FORBIDDEN) - surrogates
    alone = codes(admin, "not editai_is_name(chr(code))")
    assert alone == in_ranges((*FORBIDDEN, *INVISIBLE)) - surrogates


def python_takes(text: str) -> bool:
    try:
        return checked_name(text) == text
    except ValueError:
        return False


SPECIAL = "a\u0301 \u00a0\u3000\u200b\u200c\u200d\u202e\ufe0f\x85\x7f\n\U000e0067\U0001f3f4\u2800"


def test_whole_names_are_taken_by_both_or_by_none(admin: Connection) -> None:
    @settings(max_examples=300, deadline=None)
    @given(st.text(st.sampled_from(SPECIAL) | st.characters(exclude_characters="\0"), max_size=205))
    def agree(text: str) -> None:
        text = text.encode(errors="ignore").decode()
        row = admin.execute("select editai_is_name(%s) as is_name", [text]).fetchone()
        assert row == {"is_name": python_takes(text)}
        file_name = shown_file_name(text)
        row = admin.execute("select editai_is_name(%s) as is_name", [file_name]).fetchone()
        assert row == {"is_name": True}
        assert not any(map(is_forbidden, file_name))

    agree()


def test_names_of_every_script_and_emoji_are_names() -> None:
    for name in ("Zoë", "می‌خواهم", "क्षत्रिय", "👩‍👩‍👧", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "שלום", "日本語"):
        assert checked_name(name) == name
