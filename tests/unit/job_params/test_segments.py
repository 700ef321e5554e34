"""Segments are checked against their sources, and mode and seed select the segments of each variant."""

from collections import Counter
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.job_params.segments import (
    MAX_SEGMENTS,
    SegmentRequest,
    SegmentsParams,
    SelectionMode,
    check_segments,
    select,
)
from shared.jobs.records import AudioTrack, Source

FIRST, SECOND = UUID(int=1), UUID(int=2)
FRAME = 1 / 60


def _track(number: int, *, codec: str = "aac", decodable: bool = True) -> AudioTrack:
    return AudioTrack(
        number=number,
        codec=codec,
        channels=2,
        sample_rate=48000,
        language="eng",
        title=None,
        default=True,
        decodable=decodable,
        start_seconds=0,
        end_seconds=1,
    )


def _source(
    source_id: UUID,
    seconds: float,
    *,
    rate: float | None = 25,
    ready: bool = True,
    tracks: tuple[AudioTrack, ...] | None = (),
) -> Source:
    return Source(
        id=source_id,
        project_id="reel",
        status="ready" if ready else "pending",
        file_name="a.mp4",
        storage_path="reel/sources/a.mp4",
        content_type="video/mp4",
        size_bytes=1,
        duration_seconds=seconds,
        width=640,
        height=360,
        frame_rate=rate,
        has_audio=True,
        audio_tracks=tracks,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


SOURCES = [_source(FIRST, 20), _source(SECOND, 5.0, rate=None)]


def _segment(start: float, end: float, source_id: UUID = FIRST) -> SegmentRequest:
    return SegmentRequest(source_id=source_id, start=start, end=end)


def _params(
    *segments: SegmentRequest, mode: SelectionMode = "sequential", **more: float
) -> SegmentsParams:
    values = {"target_duration": 10.0, "variant_count": 1, "seed": 1} | more
    return SegmentsParams.model_validate({"segments": segments, "selection_mode": mode, **values})


def _problems(*segments: SegmentRequest) -> list[tuple[int, str]]:
    return [(p.index, p.code) for p in check_segments(_params(*segments), SOURCES)]


@st.composite
def _requests(draw: st.DrawFn) -> SegmentsParams:
    """Valid requests: adjacent segments of two long sources, shuffled."""
    lengths = draw(st.lists(st.floats(FRAME, 30), min_size=1, max_size=12))
    starts = [sum(lengths[:index]) for index in range(len(lengths))]
    segments = [
        _segment(start, start + length, draw(st.sampled_from([FIRST, SECOND])))
        for start, length in zip(starts, lengths, strict=True)
    ]
    return SegmentsParams(
        segments=tuple(draw(st.permutations(segments))),
        selection_mode=draw(st.sampled_from(["sequential", "random", "weighted"])),
        target_duration=draw(st.floats(0.5, 120)),
        variant_count=draw(st.integers(1, 10)),
        seed=draw(st.integers(0, 2**31 - 1)),
    )


# Without Hypothesis's default deadline of 200 ms an example, because a busy machine exceeds it.
@given(_requests())
@settings(deadline=None)
def test_a_variant_lasts_the_target_duration_or_plays_every_segment(params: SegmentsParams) -> None:
    everything = sum(segment.duration_seconds for segment in params.segments)
    expected = min(params.target_duration, everything)
    selections = select(params)
    assert len(selections) == params.variant_count
    for selection in selections:
        total = sum(segment.duration_seconds for segment in selection)
        assert total == pytest.approx(expected, abs=FRAME)


@given(_requests())
@settings(deadline=None)
def test_a_variant_never_plays_a_segment_twice_and_shortens_only_its_last(
    params: SegmentsParams,
) -> None:
    for selection in select(params):
        begun = Counter((segment.source_id, segment.start) for segment in selection)
        assert set(begun.values()) == {1}
        assert set(selection[:-1]) <= set(params.segments)
        last = next(s for s in params.segments if s.start == selection[-1].start)
        assert last.start < selection[-1].end <= last.end


@given(_requests())
@settings(deadline=None)
def test_the_same_request_selects_the_same_segments(params: SegmentsParams) -> None:
    again = SegmentsParams.model_validate_json(params.model_dump_json())
    assert select(params) == select(again)


@given(_requests())
@settings(deadline=None)
def test_a_valid_request_has_no_problems(params: SegmentsParams) -> None:
    assert (
        check_segments(params, [_source(FIRST, 400, rate=60), _source(SECOND, 400, rate=90)]) == []
    )


def test_sequential_variants_keep_the_order_and_wrap_around_from_different_starts() -> None:
    segments = [_segment(second, second + 1) for second in (7, 3, 5, 1)]
    selections = select(_params(*segments, target_duration=3, variant_count=2))
    assert [[segment.start for segment in selection] for selection in selections] == [
        [7, 3, 5],
        [5, 1, 7],
    ]


def test_variants_differ_while_there_are_unused_orders() -> None:
    segments = [_segment(second, second + 1) for second in range(3)]
    modes: list[SelectionMode] = ["random", "weighted"]
    for mode in modes:
        selections = select(_params(*segments, mode=mode, variant_count=6))
        assert len(set(selections)) == 6


def test_another_seed_draws_another_order() -> None:
    segments = [_segment(second, second + 1) for second in range(10)]
    orders = {select(_params(*segments, mode="random", seed=seed)) for seed in range(20)}
    assert len(orders) > 15


def test_the_first_weighted_variant_plays_the_longest_first() -> None:
    segments = [_segment(0, 1), _segment(2, 5), _segment(6, 6.5), _segment(8, 10)]
    [selection] = select(_params(*segments, mode="weighted"))
    assert [segment.duration_seconds for segment in selection] == [3, 2, 1, 0.5]


@given(_requests())
@settings(deadline=None)
def test_every_weighted_variant_plays_longer_segments_before_shorter_ones(
    params: SegmentsParams,
) -> None:
    lengths = {segment.start: segment.duration_seconds for segment in params.segments}
    for selection in select(params.model_copy(update={"selection_mode": "weighted"})):
        played = [lengths[segment.start] for segment in selection]
        assert played == sorted(played, reverse=True)


def test_weighted_variants_differ_in_what_they_play() -> None:
    segments = [_segment(10 * n, 10 * n + length) for n, length in enumerate((4, 3, 2.5, 2, 1.5))]
    request = _params(*segments, _segment(90, 91), mode="weighted", target_duration=5)
    selections = select(request.model_copy(update={"variant_count": 5}))
    assert len(set(selections)) == 5


def test_in_further_weighted_variants_twice_as_long_is_twice_as_likely() -> None:
    """Variant 1 plays the longest and variant 2 differs, so its choice shows the ratio of the other two."""
    segments = [_segment(0, 3), _segment(4, 6), _segment(7, 8)]
    beginnings = Counter[float]()
    for seed in range(300):
        first, second = select(
            _params(*segments, mode="weighted", target_duration=0.5, variant_count=2, seed=seed)
        )
        assert first[0].start == 0
        beginnings[second[0].start] += 1
    assert beginnings[4] == pytest.approx(200, abs=30)
    assert beginnings[7] == pytest.approx(100, abs=30)


def test_a_segment_outside_its_source_is_refused() -> None:
    assert _problems(_segment(0, 1), _segment(19, 20.2)) == [(1, "out_of_range")]
    assert _problems(_segment(-0.1, 1)) == [(0, "out_of_range")]
    assert _problems(_segment(19, 20.005)) == [], "parsers disagree about where a file ends"


def test_a_segment_shorter_than_a_frame_is_refused() -> None:
    assert _problems(_segment(1, 1.03), _segment(2, 2.04)) == [(0, "too_short")]
    assert _problems(_segment(3, 3)) == [(0, "too_short")]


def test_a_segment_of_a_slide_show_may_be_shorter_than_its_slides() -> None:
    """Its clip has the lowest rate of clips, which shows each slide several times."""
    slides = [_source(FIRST, 20, rate=0.2)]
    assert check_segments(_params(_segment(3, 6), _segment(7, 7.2)), slides) == []
    [problem] = check_segments(_params(_segment(3, 3.1)), slides)
    assert problem.detail == "Segment 0 is shorter than one frame (0.200 seconds)."


def test_a_segment_that_ends_before_it_starts_is_refused_as_reversed() -> None:
    [problem] = check_segments(_params(_segment(3, 2)), SOURCES)
    assert (problem.code, problem.detail) == ("reversed", "Segment 0 ends before it starts.")


def test_of_two_segments_that_overlap_the_later_one_is_refused() -> None:
    assert _problems(_segment(5, 8), _segment(0, 5), _segment(7, 9)) == [(2, "overlap")]
    assert _problems(_segment(0, 3), _segment(0, 3)) == [(1, "overlap")]
    assert _problems(_segment(0, 3), _segment(0, 3, SECOND), _segment(3, 4)) == []


def test_a_segment_of_a_foreign_or_unconfirmed_source_is_refused() -> None:
    assert _problems(_segment(0, 1), _segment(0, 1, uuid4())) == [(1, "unknown_source")]
    pending = [_source(FIRST, 20, ready=False)]
    [problem] = check_segments(_params(_segment(0, 1)), pending)
    assert problem.code == "source_not_ready"
    assert problem.detail == "Segment 0 refers to a source that has not been confirmed."


def test_a_segment_with_a_sound_track_that_cannot_be_heard_is_refused() -> None:
    tracks = (_track(0, codec="APAC", decodable=False), _track(1))
    sources = [_source(FIRST, 20, tracks=tracks), _source(SECOND, 20)]
    heard = [
        SegmentRequest(source_id=source_id, start=number, end=number + 1, audio_track=number)
        for source_id, number in ((FIRST, 0), (FIRST, 1), (FIRST, 2), (SECOND, 0))
    ]
    problems = check_segments(_params(*heard), sources)
    existing = "It has: 0 (APAC, 2 channels, eng, cannot be decoded); 1 (aac, 2 channels, eng)."
    assert [(problem.index, problem.code, problem.detail) for problem in problems] == [
        (
            0,
            "undecodable_audio_track",
            f"Segment 0: Sound track 0 cannot be decoded: its codec is APAC. {existing}",
        ),
        (
            2,
            "unknown_audio_track",
            f"Segment 2: The video has no sound track 2. {existing}",
        ),
        (
            3,
            "unknown_audio_track",
            "Segment 3: The video has no sound track 0. It has no sound.",
        ),
    ]


def test_a_sound_track_of_a_source_from_before_tracks_were_listed_is_left_to_the_worker() -> None:
    heard = SegmentRequest(source_id=FIRST, start=0, end=1, audio_track=7)
    assert check_segments(_params(heard), [_source(FIRST, 20, tracks=None)]) == []


def test_what_a_request_leaves_out_is_not_in_the_params() -> None:
    """A worker that is older than these options refuses params that name them."""
    params = _params(_segment(0, 1)).model_dump(mode="json")
    assert not {"width", "height", "frame_rate"} & params.keys()
    assert set(params["segments"][0]) == {"source_id", "start", "end"}


def test_a_segment_may_not_be_shorter_than_a_frame_of_the_requested_rate() -> None:
    segment = _segment(0, 0.15)
    assert check_segments(_params(segment, frame_rate=10), SOURCES) == []
    [problem] = check_segments(_params(segment, frame_rate=5), SOURCES)
    assert problem.code == "too_short"


def test_every_bad_segment_is_reported() -> None:
    segments = [_segment(0, 30), _segment(1, 2), _segment(4, 3), _segment(0, 1, uuid4())]
    assert [index for index, _ in _problems(*segments)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "values",
    [
        {"segments": []},
        {"segments": [_segment(0, 1)] * (MAX_SEGMENTS + 1)},
        {"variant_count": 0},
        {"variant_count": 11},
        {"target_duration": 0.4},
        {"target_duration": float("inf")},
        {"seed": -1},
        {"selection_mode": "best"},
        {"colour": "red"},
        {"segments": [{"source_id": str(FIRST), "start": 0, "end": float("nan")}]},
    ],
)
def test_values_out_of_bounds_are_refused(values: dict[str, object]) -> None:
    usual: dict[str, object] = {"segments": [_segment(0, 1)], "target_duration": 10}
    with pytest.raises(ValidationError):
        SegmentsParams.model_validate(usual | values)


def test_without_a_seed_every_request_draws_its_own() -> None:
    usual = {"segments": [_segment(0, 1)], "target_duration": 10}
    assert len({SegmentsParams.model_validate(usual).seed for _ in range(5)}) > 1
