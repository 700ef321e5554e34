"""From a source video to finished clips: what the worker does with ffmpeg, step by step.

    shared.media.probe.probe -> scenes.analyse -> moments.choose -> encode.encode_clip -> thumbnail.make_thumbnail

Every step is a function of its arguments: no database, no storage, no job. Times are seconds on the
source's presentation clock, 0 where its container starts, as a player shows them.
"""
