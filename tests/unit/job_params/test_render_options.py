"""The options of a final render: what is refused, and what an export records."""

import pytest
from pydantic import ValidationError

from shared.job_params.final_render import MAX_REPORTED, RenderOptions, Subtitles, SubtitleStyle

SRT = "1\n00:00:01,000 --> 00:00:02,500\nsecret\n"
VTT = "WEBVTT\n\n00:01.000 --> 00:02.500\nsecret\n"


def test_a_render_reports_the_problem_of_its_subtitles() -> None:
    with pytest.raises(ValidationError, match="Line 1 of the subtitles: this is neither"):
        RenderOptions.model_validate({"subtitles": {"srt": "1\nHello\n"}})


@pytest.mark.parametrize("name", ["srt", "vtt"])
@pytest.mark.parametrize("text", [SRT, VTT])
def test_the_text_tells_its_format_whatever_its_name(name: str, text: str) -> None:
    options = RenderOptions.model_validate({"subtitles": {name: text}})
    assert options.subtitles is not None
    [cue] = options.subtitles.cues
    assert (cue.start, cue.end, cue.runs[0].text) == (1, 2.5, "secret")


def test_params_hold_only_the_text_that_was_sent() -> None:
    """A worker of an earlier version knows no `vtt`, and a retry with the same key must have the same hash."""
    dumped = RenderOptions(subtitles=Subtitles(srt=SRT)).model_dump(mode="json")
    assert dumped["subtitles"].keys() == {"srt", "style"}
    assert RenderOptions.model_validate(dumped).subtitles == Subtitles(srt=SRT)


@pytest.mark.parametrize(
    "options",
    [
        {"fit": "stretch"},
        {"denoise": 1.1},
        {"sharpen": -0.1},
        {"brightness": float("nan")},
        {"contrast": 0},
        {"saturation": 3},
        {"filter": "movie=/etc/passwd"},
        {"subtitles": {}},
        {"subtitles": {"srt": SRT, "vtt": VTT}},
        {"subtitles": {"srt": ""}},
        {"subtitles": {"vtt": None}},
        {"subtitles": {"srt": SRT, "style": {"colour": "#FFF"}}},
        {"subtitles": {"srt": SRT, "style": {"colour": "#FFFFFF\n"}}},
        {"subtitles": {"srt": SRT, "style": {"size": 500}}},
        {"subtitles": {"srt": SRT, "style": {"position": "0,0"}}},
        {"subtitles": {"srt": SRT, "style": {"font": "/etc/passwd"}}},
        {"subtitles": {"srt": f"{SRT}\ud800"}},
    ],
)
def test_options_out_of_bounds_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RenderOptions.model_validate(options)


@pytest.mark.parametrize("subtitles", [{"srt": SRT}, {"vtt": VTT}])
def test_an_export_records_the_style_of_its_subtitles_and_not_their_text(
    subtitles: dict[str, str],
) -> None:
    asked = Subtitles.model_validate(subtitles | {"style": SubtitleStyle(size=80)})
    record = RenderOptions(fit="blur", subtitles=asked).to_record(["\u16a0"] * 200)
    assert record["fit"] == "blur"
    assert record["subtitles"]["style"]["size"] == 80
    assert record["subtitles"]["replaced_characters"] == ["\u16a0"] * MAX_REPORTED
    assert "secret" not in str(record)
