"""Examples of responses in the OpenAPI document, by the id of the operation."""

from typing import Any

from engine.labels import KEYPOINTS, LABELS

SOURCE: dict[str, Any] = {
    "id": "lobby",
    "name": "Lobby",
    "url": "rtsp://viewer:***@192.0.2.7/stream1",
    "rate": 10.0,
    "purpose": "research",
    "ground": None,
    "picture": "shown",
    "turn": "0",
    "aspect": None,
    "shard": 0,
    "created_at": "2026-01-31T11:58:00.000Z",
    "state": "live",
    "reason": "",
    "since": "2026-01-31T11:58:02.310Z",
    "last_reading": "2026-01-31T12:03:07.250Z",
    "drop_share": 0.0,
}

RECORDING: dict[str, Any] = {
    "id": "3f2a9c01d4e7",
    "name": "monday.mp4",
    "kind": "video",
    "state": "running",
    "reason": "",
    "created_at": "2026-01-31T12:03:07.250Z",
    "started_at": "2026-01-31T12:03:08.100Z",
    "ended_at": None,
    "start": 0.0,
    "duration": 600.0,
    "position": 240.0,
    "progress": 0.4,
    "speed": 6.0,
    "eta": 60.0,
    "faces": 2,
    "readings": 4112,
    "rate": 10.0,
    "width": 1280,
    "height": 720,
    "turn": "0",
    "aspect": None,
    "player_turn": "0",
    "size": 75_000_000,
    "purpose": "research",
    "ground": None,
    "files": [],
    "has_video": True,
}

_HAPPY = dict.fromkeys(LABELS, 0.02) | {"happy": 0.88}
_PERCENTS = [round(100 * share) for share in _HAPPY.values()]

READING: dict[str, Any] = {
    "type": "reading",
    "source": "lobby",
    "track": 7,
    "connection": 1,
    "frame": 3054,
    "media_time": 305.4,
    "captured_at": "2026-01-31T12:03:07.250Z",
    "clock": "rtcp",
    "result_at": "2026-01-31T12:03:07.402Z",
    "box": [0.41, 0.22, 0.55, 0.48],
    "keypoints": {name: [round(0.43 + 0.007 * place, 3), 0.33] for place, name in enumerate(KEYPOINTS)},
    "raw": _HAPPY,
    "smoothed": _HAPPY,
    "smoothing_delay": 0.35,
    "label": "happy",
    "abstained": None,
    "quality": 0.91,
    "model": "emotion-0a1b2c3d",
}

_PERIOD = {
    "started": 295.4,
    "ended": 305.4,
    "started_at": "2026-01-31T12:02:57.250Z",
    "ended_at": "2026-01-31T12:03:07.250Z",
}
SPAN = {"type": "span", "source": "lobby", "track": 7, "label": "happy", "confidence": 0.86} | _PERIOD
COVERAGE = {"type": "coverage", "source": "lobby", "kind": "observed", "frames": 100} | _PERIOD

OVERVIEW: dict[str, Any] = {
    "source": "lobby",
    "step": 1.0,
    "tracks": [
        {
            "track": 7,
            "times": [1769861007250, 1769861008250],
            "values": [_PERCENTS, _PERCENTS],
            "labels": [3, 3],
        }
    ],
    "coverage": [{name: COVERAGE[name] for name in ("kind", "started_at", "ended_at", "frames")}],
    "until": "1769861018311-0",
}

_QUEUED = RECORDING | {"state": "queued", "started_at": None, "position": 0.0, "progress": 0.0}

RESPONSES: dict[str, Any] = {
    "list_sources": [SOURCE],
    "add_source": SOURCE | {"state": None, "since": None, "last_reading": None, "drop_share": None},
    "get_source": SOURCE,
    "change_source": SOURCE,
    "list_recordings": [RECORDING],
    "add_recording": _QUEUED,
    "upload_recording": _QUEUED,
    "get_limits": {"size": 2_000_000_000, "duration": 14_400.0, "pixels": 50_331_648},
    "get_recording": RECORDING,
    "cancel_recording": RECORDING | {"state": "aborted", "eta": None},
    "get_time_slice": {"readings": [READING], "spans": [SPAN], "coverage": [COVERAGE], "until": 60.0},
    "get_overview": OVERVIEW | {"until": 240.0},
    "get_timeline": {
        "source": "lobby",
        "messages": [READING | {"cursor": "1769861007402-0"}],
        "next": "1769861007402-0",
        "more": False,
        "expired": None,
    },
    "get_timeline_overview": OVERVIEW,
    "list_models": [{"name": "emotion", "file": "emotion.onnx", "outputs": list(LABELS), "temperature": 1.0}],
    "get_health": {"status": "ok"},
    "get_readiness": {
        "ready": False,
        "parts": [
            {"name": "redis", "ready": True, "reason": ""},
            {"name": "ingest", "ready": False, "reason": "silent for more than 5 s"},
        ],
    },
    "get_session": {
        "name": "front-desk",
        "scope": "view",
        "tokens": "required",
        "rate": {"default": 10.0, "min": 0.0, "max": 60.0},
    },
    "issue_ticket": {
        "ticket": "m2Yl6tGJ0b9mXq1lW7n5cQd4TzqY8rVh3kEoUu0sAaI",
        "expires_at": "2026-01-31T12:04:07.250Z",
    },
    "read_audit": {
        "notes": [
            {
                "cursor": "1769861047250-0",
                "at": "2026-01-31T12:04:07.250Z",
                "caller": "front-desk",
                "action": "live.watched",
                "subject": "lobby",
            }
        ],
        "next": None,
    },
}
