"""The table of refusals covers what PostgREST, Postgres and the gateways document."""

import pytest

from shared.database.refusals import BY_CODE, BY_STATUS, Refusal, classify

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
        *((code, UNUSABLE) for code in ("XX001", "0L000", "42703", "25001", "PGRST125")),
        *((code, NOT_APPLIED) for code in ("25P03", "26000", "42P05", "55006", "40000")),
        *((code, UNUSABLE) for code in ("42501", "42883", "42P01", "3D000", "3F000", "PGRST106")),
        *((code, REJECTED) for code in ("23505", "22P02", "P0001", "PGRST102", "PGRST116")),
        *((code, REJECTED) for code in ("42601", "P0002", "09000", "PT402", "413", "431")),
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
    assert classify("PGRST301", "JWTIssuedAtFuture") is NOT_APPLIED
    assert classify("PGRST301", "JWSError JWSInvalidSignature") is UNUSABLE


# The tables of https://docs.postgrest.org/en/v12/references/errors.html, and what the same page of later versions adds
# or has changed; of which release is in PostgREST's CHANGELOG.md.
DOCUMENTED: dict[str, str] = {
    "12.0": """
        PGRST000 503, PGRST001 503, PGRST002 503, PGRST003 504,
        PGRST100 400, PGRST101 405, PGRST102 400, PGRST103 416, PGRST105 405, PGRST106 406, PGRST107 415, PGRST108 400,
        PGRST109 400, PGRST110 400, PGRST111 500, PGRST112 500, PGRST114 400, PGRST115 400, PGRST116 406, PGRST117 405,
        PGRST118 400, PGRST119 400, PGRST120 400, PGRST121 500, PGRST122 400, PGRST123 400,
        PGRST200 400, PGRST201 300, PGRST202 404, PGRST203 300, PGRST204 400,
        PGRST300 500, PGRST301 401, PGRST302 401, PGRSTX00 500,
        08 503, 09 500, 0L 403, 0P 403, 23503 409, 23505 409, 25006 405, 25 500, 28 403, 2D 500, 38 500, 39 500, 3B 500,
        40 500, 53400 503, 53 503, 54 413, 55 500, 57 500, 58 500, F0 500, HV 500, P0001 400, P0 500, XX 500,
        42883 404, 42P01 404, 42P17 400, 42501 403, 42501 401, 21000 400, 22023 400""",
    "12.0.3": "PGRST107 406, 42P17 500, 21000 500",
    "12.2": "PGRST124 400, 53400 500, 54 500",
    "13": "PGRST125 404, PGRST126 404, PGRST127 400, PGRST205 404, PGRST303 401, 22023 401",
    "14 and later": "PGRST128 400, 57P01 503",
}


@pytest.mark.parametrize("version", DOCUMENTED)
def test_the_table_has_each_documented_code_with_its_status(version: str) -> None:
    documented = [tuple(entry.split()) for entry in DOCUMENTED[version].split(",")]
    missing = [
        (code, status)
        for code, status in documented
        if code not in BY_CODE or int(status) not in BY_CODE[code].statuses
    ]
    assert missing == []


def test_the_table_has_each_documented_status_of_gateways() -> None:
    cloudflare = {520, 521, 522, 523, 524, 525, 526, 530}
    supabase = {402, 540, 544, 546}
    kong = {401, 404, 413, 429, 500, 502, 503, 504}
    assert cloudflare | supabase | kong <= BY_STATUS.keys()
