"""The keys: what lies in Redis, and where in a cluster.

frames:0           stream   frames on their way to the engine of shard 0; trimmed by count
timeline:{lobby}   stream   readings, spans, coverage, states of the source `lobby`; an entry's ID is the
                            cursor to resume from; trimmed by time (ingest.settings.retention)
overview:{lobby}   stream   the same in brief: each second of each face, and the coverage; trimmed by time
preview:{lobby}    hash     the newest colour JPEG, made only while somebody watches
watch:{lobby}      string   there while somebody watches
engine:{lobby}     string   where the engine stood after its last commit: it goes on from there
position:{lobby}   string   ns; the media time of the newest frame, from which a restarted decoder goes on
state:{lobby}      string   the newest state entry of the timeline, which may lie hours back in it
counts:{lobby}     hash     the engine's counts since the source was added: see engine.live.counts
dropped:{lobby}    string   frames lost since the source was added, as its coverage tells them
sources            hash     what is configured: id to SourceConfig as JSON
{sources}:removed  sorted   sources that were removed a moment ago: what latecomers wrote is deleted, too
beat:engine:0      string   there while a part of the service is alive: what it has to tell, or ALIVE
parts              sorted   every part that was ever alive, and when it last was
tokens             hash     who may ask, beyond this machine: name to SHA-256, scope and date as JSON
ticket:SHA-256     string   a browser's leave to open one path, for a minute or some
compacted          string   when the server's file was last written anew, seconds since the epoch
audit              stream   who did what, trimmed by time (ingest.settings.audit_retention)

The braces are part of the keys. In a Redis Cluster all keys with the same word in braces lie on one server,
and `sources` where keys with {sources} do: no transaction and no script touches keys that may lie on two.
"""

SOURCES = "sources"
REMOVED = "{sources}:removed"
PARTS = "parts"
TOKENS = "tokens"
AUDIT = "audit"
COMPACTED = "compacted"


def frames_key(shard: int | str) -> str:
    return f"frames:{shard}"


def timeline_key(source: str) -> str:
    return f"timeline:{{{source}}}"


def overview_key(source: str) -> str:
    return f"overview:{{{source}}}"


def preview_key(source: str) -> str:
    return f"preview:{{{source}}}"


def watch_key(source: str) -> str:
    return f"watch:{{{source}}}"


def engine_key(source: str) -> str:
    return f"engine:{{{source}}}"


def state_key(source: str) -> str:
    return f"state:{{{source}}}"


def position_key(source: str) -> str:
    return f"position:{{{source}}}"


def dropped_key(source: str) -> str:
    return f"dropped:{{{source}}}"


def counts_key(source: str) -> str:
    return f"counts:{{{source}}}"


def keys_of(source: str) -> list[str]:
    """Everything that is kept of a source, apart from its configuration and the frames on their way."""
    keys = (timeline_key, overview_key, preview_key, watch_key, engine_key, position_key, state_key)
    return [key(source) for key in (*keys, dropped_key, counts_key)]


def ticket_key(digest: str) -> str:
    return f"ticket:{digest}"


def beat_key(part: str) -> str:
    return f"beat:{part}"
