"""Squawk's rules for a migration: why `make migration` may break some, and what a person must decide."""

import json
import re
import subprocess
from collections.abc import Iterator, Set

from local.programs import CHECKOUT, script

_TIMEOUT_LIMITS_IT = "statement_timeout limits how long writes wait."
_REASONS = {
    "ban-drop-function": "A new signature: with `create or replace` there would be two functions that a call fits.",
    "constraint-missing-not-valid": "One transaction holds the same lock with `not valid` and without it; "
    + _TIMEOUT_LIMITS_IT,
    "prefer-bigint-over-smallint": "A small number by its nature.",
    "require-concurrent-index-creation": "A transaction cannot build an index concurrently; "
    + _TIMEOUT_LIMITS_IT,
    "require-concurrent-index-deletion": "A transaction cannot drop one concurrently; lock_timeout limits the wait.",
}
_DROPPED = re.compile(r"drop (function|procedure) (public\.\w+)")


def with_reasons(text: str) -> str:
    """The migration with reasons and an ignore line above each line whose findings are all right in a generated one."""
    lines = text.splitlines()
    for at, rules in sorted(_findings(text).items(), reverse=True):
        code = lines[at]
        if rules <= _REASONS.keys() and not _is_only_dropped(code, text):
            comments = [*(_REASONS[rule] for rule in sorted(rules)), _ignore(rules)]
            indent = code[: len(code) - len(code.lstrip())]
            lines[at:at] = [f"{indent}-- {comment}" for comment in comments]
    return "\n".join(lines) + "\n"


def undecided(text: str) -> Iterator[str]:
    """Each line that `make lint` would refuse: a person decides whether it is safe."""
    lines = text.splitlines()
    for at, rules in sorted(_findings(text).items()):
        yield (
            f"squawk refuses {lines[at].strip()!r}: if it is safe, write the reason and"
            f" `-- {_ignore(rules)}` above that line"
        )


def _ignore(rules: Set[str]) -> str:
    """Squawk reads one such comment only, so it names all rules."""
    return f"squawk-ignore {', '.join(sorted(rules))}"


def _is_only_dropped(code: str, text: str) -> bool:
    """Whether this line drops a function that the migration does not create again."""
    dropped = _DROPPED.match(code)
    return dropped is not None and f"\ncreate {dropped[1]} {dropped[2]}(" not in text


def _findings(text: str) -> dict[int, set[str]]:
    """The rules that lines break. Squawk counts lines from 0."""
    command = [script("squawk"), "--reporter", "json", "--stdin-filepath", "migration.sql"]
    result = subprocess.run(
        command, cwd=CHECKOUT, input=text, check=False, capture_output=True, text=True
    )
    found = json.loads(result.stdout or "[]")
    if result.returncode and not found:
        raise ChildProcessError(f"squawk: {result.stderr}")
    rules: dict[int, set[str]] = {}
    for each in found:
        rules.setdefault(each["line"], set()).add(each["rule_name"])
    return rules
