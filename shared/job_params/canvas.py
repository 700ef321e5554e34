"""The size and frame rate that a request may choose for its clips. What is left out follows from the sources."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from shared.job_params.json_types import Number, to_integer

MIN_SIDE = 64
MAX_SIDE = 1920
MIN_FRAME_RATE = 5
"""At a lower rate a clip could not be cut to the requested length, and players have problems with it."""

MAX_FRAME_RATE = 60

Side = Annotated[
    int,
    Field(strict=True, ge=MIN_SIDE, le=MAX_SIDE, multiple_of=2),
    BeforeValidator(to_integer),
]
FrameRate = Annotated[Number, Field(ge=MIN_FRAME_RATE, le=MAX_FRAME_RATE)]

_SIDE = (
    "in pixels, an even number. If only one side is given, the other follows the shape of the sources, up to "
    f"{MAX_SIDE}. A source of another shape gets black bars."
)


class CanvasOptions(BaseModel):
    """The frame size and frame rate of the clips.

    None is left out of params and of what identifies a request: a worker or an idempotency key that is older than these
    options does not know them.
    """

    width: Side | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description=f"Width of the clips {_SIDE}",
    )
    height: Side | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description=f"Height of the clips {_SIDE}",
    )
    frame_rate: FrameRate | None = Field(
        default=None,
        exclude_if=lambda value: value is None,
        description="Frames per second of the clips; 23.976, 29.97 and 59.94 stand for the exact rates of television. "
        "If left out, it follows the sources.",
    )
