"""The table of refusals covers what PostgREST, Postgres and the gateways document."""

import pytest

from shared.database.refusals import Refusal, classify

NOT_APPLIED, UNKNOWN = Refusal.NOT_APPLIED, Refusal.UNKNOWN
UNUSABLE, REJECTED = Refusal.UNUSABLE, Refusal.REJECTED


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        *((code, NOT_APPLIED) for code in ("PGRST000", "PGRST002", "PGRST003", "PGRST303")),
        *((code, NOT_APPLIED) for code in ("40001", "40P01", "55P03", "57014", "57P03", "25006")),
        *((code, NOT_APPLIED) for code in ("53300", "53400", "XX000")),
        *((code, UNKNOWN) for code in ("PGRST001", "PGRSTX00", "08006", "57P01", "58030", "40003")),
        *((code, UNUSABLE) for code in ("PGRST202", "PGRST203", "PGRST301", "PGRST302", "28P01")),
        *((code, UNUSABLE) for code in ("42501", "42883", "42P01", "3D000", "3F000", "PGRST106")),
        *((code, REJECTED) for code in ("23505", "22P02", "P0001", "PGRST102", "PGRST116")),
        *((code, REJECTED) for code in ("42601", "XX001", "0L000", "PT402", "413", "431")),
        *((code, NOT_APPLIED) for code in ("425", "429", "521", "523", "525", "526", "530")),
        *(
            (code, UNKNOWN)
            for code in ("", "200", "400", "408", "500", "502", "503", "504", "520", "524")
        ),
        *((code, UNUSABLE) for code in ("301", "302", "401", "403", "404", "405", "540")),
    ],
)
def test_each_code_has_its_kind(code: str, refusal: Refusal) -> None:
    assert classify(code) is refusal


def test_a_token_from_the_future_is_transient_in_postgrest_12_too() -> None:
    assert classify("PGRST301", "JWT issued at future") is NOT_APPLIED
    assert classify("PGRST301", "JWSError JWSInvalidSignature") is UNUSABLE
