"""The kinds of job that this worker runs: the name of each, the model of its params, and its recipe."""

import logging

from pipeline.ffmpeg.failure import FfmpegFailed
from pipeline.recipes.final_render import render_clip
from pipeline.recipes.raw_clips import make_raw_clips
from pipeline.recipes.segment_clips import make_segment_clips
from pipeline.run.job_context import JobContext
from shared.job_params.final_render import RenderParams
from shared.job_params.raw_clips import RawClipsParams
from shared.job_params.segments import SegmentsParams
from shared.media.probe import UnusableMedia
from shared.running.outcome import JobFailed
from shared.running.recipes import Recipes

logger = logging.getLogger(__name__)


def failure_of(error: Exception) -> JobFailed | None:
    """The failure of a job whose video is at fault; None if the machine is, or the code."""
    match error:
        case UnusableMedia():
            return JobFailed(error.code, error.detail)
        case FfmpegFailed():
            logger.warning("ffmpeg failed", extra={"ffmpeg_log": error.log_tail})
            return None if error.transient else JobFailed("encoding_failed", error.detail)
        case _:
            return None


recipes = Recipes(JobContext, failure_of=failure_of)
recipes.add("raw_clips", RawClipsParams, make_raw_clips)
recipes.add("segment_clips", SegmentsParams, make_segment_clips)
recipes.add("final_render", RenderParams, render_clip)
