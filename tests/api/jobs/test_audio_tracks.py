"""A source lists its sound tracks; a request chooses one, and a choice that cannot be heard is refused."""

from typing import Any

import pytest

from tests.support.database import Connection
from tests.support.library_client import Api, Traces, problem
from tests.support.media import sound_tracks
from tests.support.media.sound_tracks import SILENCE

EXISTING = "It has: 0 (apac, cannot be decoded); 1 (aac, 1 channel, deu); 2 (aac, 1 channel, eng)."
UNKNOWN = f"The video has no sound track 3. {EXISTING}"
UNDECODABLE = f"Sound track 0 cannot be decoded: its codec is apac. {EXISTING}"


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A video whose first sound track cannot be decoded; the second is German and silent, the third English."""
    path = tmp_path_factory.mktemp("tracks") / "film.mp4"
    languages = {1: "deu", 2: "eng"}
    sound_tracks.make(path, (440, SILENCE, 880), default=(2,), languages=languages, seconds=1)
    return sound_tracks.make_undecodable(path, 0).read_bytes()


@pytest.fixture
async def source(api: Api, project: str, film: bytes) -> dict[str, Any]:
    """That video, uploaded straight to storage and confirmed."""
    created = await api.call("POST", f"projects/{project}/sources", json={"file_name": "film.mp4"})
    upload = created.json()
    assert upload["source"]["audio_tracks"] is None
    stored = await api.http.put(upload["upload_url"], content=film)
    assert stored.status_code == 201, stored.text
    return (await api.call("POST", f"sources/{upload['source']['id']}/confirm")).json()


def test_a_source_lists_its_sound_tracks(source: dict[str, Any]) -> None:
    tracks = source["audio_tracks"]
    assert [track.pop("number") for track in tracks] == [0, 1, 2]
    assert [(track["language"], track["default"], track["decodable"]) for track in tracks] == [
        (None, False, False),
        ("deu", False, True),
        ("eng", True, True),
    ]
    assert tracks[2].pop("end_seconds") == pytest.approx(1, abs=0.05)
    assert tracks[2].pop("start_seconds") == pytest.approx(0, abs=0.05)
    assert tracks[2] == {
        "codec": "aac",
        "channels": 1,
        "sample_rate": 48000,
        "language": "eng",
        "title": None,
        "default": True,
        "decodable": True,
    }
    assert source["has_audio"]


@pytest.mark.parametrize(("track", "message"), [(3, UNKNOWN), (0, UNDECODABLE)])
async def test_a_track_that_cannot_be_heard_is_refused(
    api: Api, source: dict[str, Any], traces: Traces, track: int, message: str
) -> None:
    project, before = source["project_id"], traces.files()
    body = {"source_id": source["id"], "audio_track": track}
    refused = problem(
        await api.call("POST", f"projects/{project}/generate", json=body), 422, "invalid-request"
    )
    assert refused["errors"] == [{"location": "body.audio_track", "message": message}]

    segments = [{"source_id": source["id"], "start": 0, "end": 1, "audio_track": track}]
    body = {"segments": segments, "target_duration": 1}
    refused = problem(
        await api.call("POST", f"projects/{project}/generate-from-segments", json=body),
        422,
        "invalid-request",
    )
    [error] = refused["errors"]
    assert error == {"location": "body.segments.0", "message": f"Segment 0: {message}"}
    assert traces.files() == before
    assert (await api.get(f"projects/{project}/progress")).json()["job"] is None


async def test_an_upload_with_a_track_that_cannot_be_heard_leaves_nothing(
    api: Api, project: str, film: bytes, traces: Traces
) -> None:
    answer = await api.generate(project, film, audio_track=0)
    refused = problem(answer, 422, "invalid-request")
    assert refused["errors"] == [{"location": "body.audio_track", "message": UNDECODABLE}]
    assert traces.files() == []


async def test_an_upload_may_choose_its_track_size_and_rate(
    api: Api, project: str, film: bytes
) -> None:
    chosen: dict[str, Any] = {"audio_track": 1, "width": 720, "height": 1280, "frame_rate": 29.97}
    answer = await api.generate(project, film, **chosen)
    assert answer.status_code == 202, answer.text
    assert answer.json()["job"]["params"].items() >= chosen.items()


async def test_a_source_from_before_tracks_were_listed_takes_any(
    api: Api, project: str, source: dict[str, Any], admin: Connection
) -> None:
    """The worker knows better: it fails the job if the file does not have the track."""
    admin.execute("update editai_sources set audio_tracks = null")
    body = {"source_id": source["id"], "audio_track": 3}
    answer = await api.call("POST", f"projects/{project}/generate", json=body)
    assert answer.status_code == 202, answer.text


async def test_another_track_is_another_request(
    api: Api, project: str, source: dict[str, Any]
) -> None:
    keyed = {"Idempotency-Key": "once"}
    body = {"source_id": source["id"], "audio_track": 1}
    url = f"projects/{project}/generate"
    first = await api.call("POST", url, json=body, headers=keyed)
    again = await api.call("POST", url, json=body, headers=keyed)
    assert (first.status_code, again.json()) == (202, first.json())
    other = await api.call("POST", url, json=body | {"audio_track": 2}, headers=keyed)
    problem(other, 422, "idempotency-key-reused")
