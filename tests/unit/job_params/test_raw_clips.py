"""The options of raw clips become params that an older worker can read."""

from uuid import UUID

import pytest
from pydantic import ValidationError

from shared.job_params.raw_clips import RawClipsOptions, RawClipsParams

ID = UUID(int=3)
CHOSEN = {"audio_track": 0, "width": 720, "height": 1280, "frame_rate": 25.0}


def test_what_a_request_chooses_is_in_the_params() -> None:
    params = RawClipsParams.of(RawClipsOptions.model_validate(CHOSEN), ID, ID)
    assert params.model_dump(mode="json").items() >= CHOSEN.items()


def test_what_a_request_leaves_out_is_neither_in_the_params_nor_in_what_identifies_it() -> None:
    """Otherwise a retry with the same idempotency key that crosses a deployment would be another request."""
    options = RawClipsOptions(variant_count=2)
    assert options.model_dump() == {"variant_count": 2, "target_duration": 30, "seed": None}
    params = RawClipsParams.of(options, ID, ID).model_dump(mode="json")
    assert set(params) == {"source_id", "variant_count", "target_duration", "seed"}


@pytest.mark.parametrize(
    "values",
    [
        *({"audio_track": -1}, {"audio_track": 100}, {"audio_track": "0"}, {"audio_track": True}),
        *({"width": 62}, {"width": 1922}, {"width": 101}, {"height": 99.5}, {"height": 0}),
        *({"frame_rate": 4.99}, {"frame_rate": 60.1}, {"frame_rate": "30"}),
    ],
)
def test_values_out_of_bounds_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RawClipsOptions.model_validate(values)
