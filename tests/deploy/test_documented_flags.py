"""deploy.sh uses only commands, flags and values that its tools document.

documented_flags.json holds the help of gcloud 528 and the Supabase CLI 3.1, each command with the address of the same
page on the web.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.conftest import OPTIONS, Cloud

DOCUMENTED: dict[str, Any] = json.loads(
    Path(__file__).with_name("documented_flags.json").read_text()
)


def problems(call: list[str]) -> list[str]:
    """The problems of one call of gcloud or supabase."""
    tool = DOCUMENTED[call[0]]
    words = [word for word in call if not word.startswith("--")]
    known = (" ".join(words[:count]) for count in range(len(words), 0, -1))
    command = next((name for name in known if name in tool["commands"]), None)
    if command is None:
        return [f"{' '.join(words)} is not documented"]
    flags = tool["commands"][command]["flags"] | tool["wide_flags"]
    return [
        f"{command} {word}: {problem}"
        for word in call
        if word.startswith("--") and (problem := _problem(word, flags))
    ]


def _problem(word: str, flags: dict[str, Any]) -> str | None:
    name, has_value, value = word.partition("=")
    kind = flags.get(name) or flags.get(name.replace("--no-", "--", 1))
    if kind is None:
        return "no such flag"
    if (kind == "switch") == bool(has_value):
        return "a switch has no value, any other flag has one"
    if isinstance(kind, list) and value not in kind:
        return f"not one of {kind}"
    return None


def test_every_call_is_documented(deployed: Cloud) -> None:
    deployed.deploy(WORKER_MAX_INSTANCES="4", LIBRARY_MIN_INSTANCES="1")
    deployed.deploy("--region", "europe-north1", *OPTIONS)
    deployed.deploy(*OPTIONS, "--destroy", "--yes")

    calls = [call for call in deployed.calls if call[0] in DOCUMENTED]

    assert len(calls) > 200
    assert [problem for call in calls for problem in problems(call)] == []


@pytest.mark.parametrize(
    "call",
    [
        "gcloud functions redeploy editai-worker",
        "gcloud functions deploy editai-worker --min-replicas=1",
        "gcloud functions deploy editai-worker --ingress-settings=private",
        "gcloud functions deploy editai-worker --gen2=yes",
        "gcloud functions deploy editai-worker --memory",
        "gcloud secrets versions access latest --data-file=-",
        "supabase db push --linked",
    ],
)
def test_an_undocumented_call_is_found(call: str) -> None:
    assert len(problems(call.split())) == 1
