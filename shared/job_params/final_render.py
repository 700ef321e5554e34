"""The final render of a clip: the options of a request, and the params of its job.

When the library starts the job, it copies the values of the clip and the preset into the job's params. That is safe,
because clips and their files never change, and the render uses the preset as the user saw it.
"""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from shared.job_params.json_types import Integer, Number
from shared.job_params.srt import MAX_CHARACTERS, parse_srt
from shared.jobs.records import Clip, ExportPreset

Fit = Literal["crop", "pad", "blur"]
Position = Literal["top", "middle", "bottom"]


def _parsed(srt: str) -> str:
    parse_srt(srt)
    return srt


Srt = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_CHARACTERS,
        json_schema_extra={"contentMediaType": "application/x-subrip"},
    ),
    AfterValidator(_parsed),
]
"""Valid SubRip text. A problem in it is a validation error that names the line."""

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


class Subtitles(_Request):
    """Subtitles to burn in: SubRip text, timed from the start of the clip."""

    srt: Srt
    style: SubtitleStyle = SubtitleStyle()


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

    def to_record(self) -> dict[str, Any]:
        """The options as an export records them: with the style of the subtitles, without their text."""
        return self.model_dump(mode="json", exclude={"subtitles": {"srt"}})


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
