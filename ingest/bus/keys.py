"""The keys in Redis, and their servers in a cluster.

frames:0           stream   frames for the engine of shard 0; trimmed by count
timeline:{lobby}   stream   readings, spans, coverage and states of the source `lobby`; the ID of an entry is
                            the cursor to resume from; trimmed by time (MIEN_RETENTION)
overview:{lobby}   stream   a summary: each second of each face, and the coverage; trimmed by time
preview:{lobby}    hash     the newest preview as a JPEG, made only while a viewer watches
watch:{lobby}      string   present while a viewer watches
engine:{lobby}     string   the engine's state after its last commit, from which it resumes
position:{lobby}   string   ns; media time of the newest frame, from which a restarted decoder continues
state:{lobby}      string   the newest state entry of the timeline, which may be hours back in it
counts:{lobby}     hash     the engine's counts since the source was added: see engine.live.counts
dropped:{lobby}    string   frames dropped since the source was added, the sum of its coverage entries
sources            hash     the configuration: id to SourceConfig as JSON
{sources}:removed  sorted   sources removed a moment ago: late writes about them are deleted, too
beat:engine:0      string   present while a part of the service is alive: its note for /readyz, or ALIVE
beat:jobs@HOST     string   the same for the process of a part on one machine
lease:engine:{frames:0}   string   the process that runs a part of a shard (ingest.bus.lease)
waiting:engine:0   string   present while another process waits for that lease: its name
parts              sorted   parts of ingest and engine (`engine:0`), and the time of their last heartbeat
jobs               hash     recordings: id to Job as JSON, which never changes (api.jobs.job)
{jobs}:ID          hash     the fields of JobStatus, each as JSON
{jobs}:queue       stream   the id of each job that is not over
tokens             hash     access tokens: name to SHA-256, scope and date as JSON
ticket:SHA-256     string   permission for a browser to open one path, for a minute or a few
compacted          string   time of the last rewrite of the append-only file, seconds since the epoch
ahead              sorted   streams whose IDs are ahead of the clock, and their last IDs (ms)
marks:STREAM       sorted   IDs that were the last ones of a stream, and when (api.expiry)
audit              stream   actions of callers; trimmed by time (MIEN_AUDIT_RETENTION)
{audit}:REQUEST    string   present for some minutes after an entry of the audit log was made

The braces are part of the keys. In a Redis Cluster all keys with the same word in braces are on one server,
`sources` where keys with {sources} are, and likewise `jobs` and `audit`: no transaction or script uses
keys of different servers.
"""

from collections.abc import Callable

SOURCES = "sources"
REMOVED = "{sources}:removed"
PARTS = "parts"
JOBS = "jobs"
JOB_QUEUE = "{jobs}:queue"
TOKENS = "tokens"
AUDIT = "audit"
COMPACTED = "compacted"
AHEAD = "ahead"


def _key_of_source(kind: str) -> Callable[[str], str]:
    return lambda source: f"{kind}:{{{source}}}"


timeline_key = _key_of_source("timeline")
overview_key = _key_of_source("overview")
preview_key = _key_of_source("preview")
watch_key = _key_of_source("watch")
engine_key = _key_of_source("engine")
position_key = _key_of_source("position")
state_key = _key_of_source("state")
dropped_key = _key_of_source("dropped")
counts_key = _key_of_source("counts")


def keys_of(source: str) -> list[str]:
    """Return all keys of a source, apart from its configuration and its frames."""
    keys = (timeline_key, overview_key, preview_key, watch_key, engine_key, position_key, state_key)
    marks = [marks_key(key(source)) for key in (timeline_key, overview_key)]
    return [*(key(source) for key in (*keys, dropped_key, counts_key)), *marks]


def marks_key(stream: str) -> str:
    return f"marks:{stream}"


def frames_key(shard: int | str) -> str:
    return f"frames:{shard}"


def lease_key(part: str, shard: int) -> str:
    return f"lease:{part}:{{{frames_key(shard)}}}"


def waiting_key(part: str) -> str:
    return f"waiting:{part}"


def job_key(id: str) -> str:
    return f"{{jobs}}:{id}"


def ticket_key(digest: str) -> str:
    return f"ticket:{digest}"


def recorded_key(request: str) -> str:
    return f"{{audit}}:{request}"


def beat_key(part: str) -> str:
    return f"beat:{part}"
