"""The final render of a clip: the options of a request, and the params of its job.

When the library starts the job, it copies the values of the clip and the preset into the job's params. That is safe,
because clips and their files never change, and the render uses the preset as the user saw it.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from shared.job_params.caption_file import MAX_CHARACTERS, Cue, parse_captions
from shared.job_params.json_types import Integer, Number
from shared.jobs.records import Clip, ExportPreset, Fit

MAX_REPORTED = 100
"""Of the characters that no font has, how many an export lists."""

Position = Literal["top", "middle", "bottom"]


def _parsed(text: str) -> str:
    parse_captions(text)
    return text


def _caption_text(media_type: str) -> Any:
    return Field(
        min_length=1,
        max_length=MAX_CHARACTERS,
        json_schema_extra={"contentMediaType": media_type},
    )


Srt = Annotated[str, _caption_text("application/x-subrip"), AfterValidator(_parsed)]
"""SubRip text. A problem in it is a validation error that names the line."""

Vtt = Annotated[str, _caption_text("text/vtt"), AfterValidator(_parsed)]
"""WebVTT text, treated as `Srt` is: the first line tells the format, whatever the name that it was sent by."""

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SubtitleStyle(_Request):
    """The look of subtitles. Lengths are pixels of a frame whose shorter side is 1080 pixels."""

    size: Integer = Field(default=68, ge=24, le=160, description="Line height.")
    colour: Colour = "#FFFFFF"
    outline_colour: Colour = "#000000"
    outline: Number = Field(default=4, ge=0, le=12, description="Width of the outline.")
    position: Position = "bottom"


_TEXTS = ("srt", "vtt")


class Subtitles(_Request):
    """Subtitles to burn in: SubRip or WebVTT text, one of the two, timed from the start of the clip.

    Files are read as leniently as players read them. Lines from right to left, scripts without spaces and emoji are
    drawn as their readers expect. A character that no font has is drawn as □ and listed in the export's options as
    `subtitles.replaced_characters`. A cue that is too long for the picture gets smaller, down to 60 % of `size`; a
    longer one is shown in parts, one after the other.
    """

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": [name]} for name in _TEXTS]}
    )

    srt: Srt = Field(default_factory=str, description="A SubRip file (.srt).")
    vtt: Vtt = Field(default_factory=str, description="A WebVTT file (.vtt).")
    style: SubtitleStyle = SubtitleStyle()

    @model_validator(mode="after")
    def _has_one_text(self) -> "Subtitles":
        if len(self.model_fields_set.intersection(_TEXTS)) != 1:
            raise ValueError("Send either srt or vtt.")
        return self

    @model_serializer(mode="wrap")
    def _as_sent(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without the text that was not sent: a worker of an earlier version knows only `srt`."""
        sent: dict[str, Any] = dump(self)
        return {name: value for name, value in sent.items() if name not in _TEXTS or value}

    @property
    def cues(self) -> tuple[Cue, ...]:
        """The cues of the text."""
        return parse_captions(self.srt or self.vtt)


class RenderOptions(_Request):
    """The options of a final render. By default the picture is not adjusted.

    `fit` decides what happens when the clip and the preset differ in aspect ratio: `crop` fills the frame and cuts off
    the rest, `pad` shows the whole picture with black bars, `blur` shows the whole picture over a blurred copy.
    """

    fit: Fit = "crop"
    subtitles: Subtitles | None = None
    denoise: Number = Field(default=0, ge=0, le=1)
    sharpen: Number = Field(default=0, ge=0, le=1)
    brightness: Number = Field(default=0, ge=-0.5, le=0.5)
    contrast: Number = Field(default=1, ge=0.5, le=2)
    saturation: Number = Field(default=1, ge=0, le=2)

    def to_record(self, replaced_characters: Sequence[str] = ()) -> dict[str, Any]:
        """The options as an export records them: with the style of the subtitles, without their text.

        `replaced_characters` are those of the text that no font has.
        """
        record = self.model_dump(mode="json", exclude={"subtitles": set(_TEXTS)})
        if self.subtitles:
            record["subtitles"]["replaced_characters"] = list(replaced_characters[:MAX_REPORTED])
        return record


class RenderParams(BaseModel):
    """The params of a final render job."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    clip_id: UUID
    clip_path: str
    preset: ExportPreset
    options: RenderOptions

    @classmethod
    def of(cls, clip: Clip, preset: ExportPreset, options: RenderOptions) -> "RenderParams":
        """The params for rendering `clip`."""
        return cls(clip_id=clip.id, clip_path=clip.storage_path, preset=preset, options=options)
