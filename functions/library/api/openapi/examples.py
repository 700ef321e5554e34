"""An example of each body that goes in or out, by the name of its schema; a parameter has its own beside it."""

from typing import Any

from api.models import CLIP_ID, DELIVERY_ID, EXPORT_ID, JOB_ID, PROJECT_ID, SOURCE_ID, WEBHOOK_ID

_USER = "7c0f2f9a-3a55-4b8e-9a43-0a6d8c9b1e77"
_CREATED_AT = "2026-11-23T10:12:04.518204Z"
_UPDATED_AT = "2026-11-23T10:14:31.102000Z"
_EXPIRES_AT = "2026-11-23T11:14:31.102000Z"
_API = "https://api.example.com/api/v1/library"
_CURSOR = "WzEyMDQsIjIwMjYtMTEtMjNUMTA6MTI6MDQuNTE4MjA0WiIsIjliMmY2YzUyIl0"


def _file(path: str) -> str:
    return f"{_API}/files/{path}?expires=1795432471&signature=5d1f0c"


_PROJECT = {
    "id": PROJECT_ID,
    "owner_id": _USER,
    "name": "Summer campaign",
    "status": "ready_for_triage",
    "created_at": _CREATED_AT,
    "updated_at": _UPDATED_AT,
}
_AUDIO_TRACKS = [
    {
        "number": 0,
        "codec": "aac",
        "channels": 2,
        "sample_rate": 48_000,
        "language": "eng",
        "title": "Camera",
        "default": True,
        "decodable": True,
        "start_seconds": 0.0,
        "end_seconds": 184.52,
    },
    {
        "number": 1,
        "codec": "aac",
        "channels": 1,
        "sample_rate": 48_000,
        "language": None,
        "title": "Lapel microphone",
        "default": False,
        "decodable": True,
        "start_seconds": 0.0,
        "end_seconds": 184.5,
    },
]
_SOURCE: dict[str, Any] = {
    "id": SOURCE_ID,
    "project_id": PROJECT_ID,
    "status": "ready",
    "file_name": "holiday.mp4",
    "content_type": "video/mp4",
    "size_bytes": 48_210_334,
    "duration_seconds": 184.52,
    "width": 1920,
    "height": 1080,
    "frame_rate": 30,
    "has_audio": True,
    "audio_tracks": _AUDIO_TRACKS,
    "created_at": _CREATED_AT,
    "video_url": _file(f"{PROJECT_ID}/sources/{SOURCE_ID}.mp4"),
    "urls_expire_at": _EXPIRES_AT,
}
_ANNOUNCED = dict.fromkeys(
    (
        *("size_bytes", "duration_seconds", "width", "height", "frame_rate", "has_audio"),
        *("audio_tracks", "video_url"),
    )
)
_FILES = {
    "video_url": _file(f"{PROJECT_ID}/jobs/{JOB_ID}/41/clip-1.mp4"),
    "thumbnail_url": _file(f"{PROJECT_ID}/jobs/{JOB_ID}/41/clip-1.jpg"),
    "urls_expire_at": _EXPIRES_AT,
}
_CLIP = {
    "id": CLIP_ID,
    "project_id": PROJECT_ID,
    "job_id": JOB_ID,
    "variant_number": 1,
    "variant_name": "Opening with the sunset",
    "is_selected": True,
    "duration_seconds": 30.0,
    "size_bytes": 9_412_008,
    "width": 1920,
    "height": 1080,
    "frame_rate": 30,
    "segments": [{"source_id": SOURCE_ID, "start": 3.5, "end": 33.5, "audio_track": 0}],
    "created_at": _CREATED_AT,
    "updated_at": _UPDATED_AT,
    **_FILES,
}
_EXPORT = {
    "id": EXPORT_ID,
    "project_id": PROJECT_ID,
    "clip_id": CLIP_ID,
    "job_id": JOB_ID,
    "preset": "instagram_reels",
    "options": {
        "fit": "blur",
        "subtitles": {"style": {"size": 68, "position": "top"}, "replaced_characters": ["\ua997"]},
        "denoise": 0.2,
    },
    "duration_seconds": 30.0,
    "size_bytes": 21_887_310,
    "width": 1080,
    "height": 1920,
    "frame_rate": 30,
    "created_at": _CREATED_AT,
    **_FILES,
}
_PRESET = {
    "name": "instagram_reels",
    "label": "Instagram Reels",
    "width": 1080,
    "height": 1920,
    "frame_rate": 30,
    "crf": 20,
    "max_video_bitrate_kbps": 8000,
    "audio_bitrate_kbps": 192,
    "fits": ["crop", "pad", "blur"],
}
_JOB = {
    "id": JOB_ID,
    "project_id": PROJECT_ID,
    "kind": "raw_clips",
    "params": {"source_id": SOURCE_ID, "variant_count": 3, "target_duration": 30.0, "seed": 1204},
    "created_at": _CREATED_AT,
}
_CANCELLED = {
    "status": "cancelled",
    "attempt": 1,
    "max_attempts": 3,
    "result": None,
    "error": None,
    "started_at": _CREATED_AT,
    "finished_at": _UPDATED_AT,
}


def _page(item: dict[str, Any]) -> dict[str, Any]:
    return {"items": [item], "next_cursor": _CURSOR, "has_more": True}


_WEBHOOK: dict[str, Any] = {
    "id": WEBHOOK_ID,
    "url": "https://app.example/hooks/editai",
    "events": ["job.completed", "job.failed", "job.cancelled"],
    "failing_since": None,
    "disabled_at": None,
    "disabled_reason": None,
    "created_at": _CREATED_AT,
}
_PAYLOAD: dict[str, Any] = {
    "type": "job.completed",
    "timestamp": _UPDATED_AT,
    "data": {
        "project_id": PROJECT_ID,
        "job": {
            "id": JOB_ID,
            "kind": "raw_clips",
            "status": "completed",
            "attempt": 1,
            "result": {},
            "error": None,
            "created_at": _CREATED_AT,
            "started_at": _CREATED_AT,
            "finished_at": _UPDATED_AT,
        },
    },
}
_DELIVERY: dict[str, Any] = {
    "id": DELIVERY_ID,
    "webhook_id": WEBHOOK_ID,
    "job_id": JOB_ID,
    "project_id": PROJECT_ID,
    "url": "https://app.example/hooks/editai",
    "type": "job.completed",
    "payload": _PAYLOAD,
    "status": "delivered",
    "attempt": 1,
    "next_attempt_at": _UPDATED_AT,
    "status_code": 204,
    "error": None,
    "created_at": _UPDATED_AT,
    "finished_at": _UPDATED_AT,
}

EXAMPLES: dict[str, Any] = {
    "ProjectCreate": {"name": "Summer campaign"},
    "ProjectUpdate": {"name": "Autumn campaign"},
    "SourceCreate": {"file_name": "holiday.mp4"},
    "ClipUpdate": {"variant_name": "Opening with the sunset", "is_selected": True},
    "GenerateFromSource": {
        "source_id": SOURCE_ID,
        "variant_count": 3,
        "target_duration": 30,
        "audio_track": 1,
    },
    "GenerateFromUpload": {"video": "(the file)", "variant_count": 3, "target_duration": 30},
    "GenerateFromSegments": {
        "segments": [
            {"source_id": SOURCE_ID, "start": 3.5, "end": 9.25},
            {"source_id": SOURCE_ID, "start": 41.0, "end": 52.0, "audio_track": 1},
        ],
        "width": 1080,
        "height": 1920,
        "frame_rate": 30,
        "selection_mode": "weighted",
        "target_duration": 15,
        "variant_count": 2,
        "seed": 1204,
    },
    "RenderRequest": {
        "preset": "instagram_reels",
        "fit": "blur",
        "subtitles": {"srt": "1\n00:00:01,000 --> 00:00:02,500\nHello, <i>world</i>!\n"},
        "denoise": 0.2,
    },
    "Project": _PROJECT,
    "Source": _SOURCE,
    "Clip": _CLIP,
    "ProjectPage": _page(_PROJECT),
    "SourcePage": _page(_SOURCE),
    "ClipPage": _page(_CLIP),
    "ExportPage": _page(_EXPORT),
    "ExportPresetPage": {"items": [_PRESET], "next_cursor": None, "has_more": False},
    "Job": _JOB | _CANCELLED,
    "JobPage": _page(_JOB | _CANCELLED),
    "Upload": {
        "source": _SOURCE | _ANNOUNCED | {"status": "pending"},
        "upload_url": _file(f"{PROJECT_ID}/sources/{SOURCE_ID}.mp4"),
        "upload_url_expires_at": _EXPIRES_AT,
        "resumable": {
            "url": "https://abc.supabase.co/storage/v1/upload/resumable/sign",
            "headers": {"x-signature": "eyJhbGciOiJIUzI1NiJ9.eyJ1cmwiOiJlZGl0YWkv"},
            "metadata": {
                "bucketName": "editai",
                "objectName": f"{PROJECT_ID}/sources/{SOURCE_ID}.mp4",
                "contentType": "video/mp4",
                "cacheControl": "3600",
            },
            "chunk_bytes": 6291456,
            "expires_at": _EXPIRES_AT,
        },
    },
    "JobAccepted": {
        "job": _JOB | {"status": "queued"},
        "job_url": f"{_API}/jobs/{JOB_ID}",
        "progress_url": f"{_API}/projects/{PROJECT_ID}/progress",
    },
    "Cancellation": {"outcome": "cancelled", "job": _JOB | _CANCELLED},
    "Progress": {
        "project_id": PROJECT_ID,
        "status": "generating",
        "percentage": 42,
        "current_step": "Making clip 2 of 3",
        "estimated_remaining": 17,
        "updated_at": _UPDATED_AT,
        "stalled": False,
        "outcome": None,
        "job": {
            "id": JOB_ID,
            "kind": "raw_clips",
            "status": "running",
            "attempt": 1,
            "error": None,
        },
    },
    "WebhookCreate": {"url": "https://app.example/hooks/editai"},
    "WebhookCreated": _WEBHOOK | {"secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"},
    "Webhook": _WEBHOOK,
    "WebhookPage": _page(_WEBHOOK) | {"next_cursor": None, "has_more": False},
    "Secret": {"secret": "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"},
    "Delivery": _DELIVERY,
    "DeliveryPage": _page(_DELIVERY),
    "WebhookPayload": _PAYLOAD,
    "Health": {"status": "ok"},
    "Readiness": {"status": "ready"},
}
