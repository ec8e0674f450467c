"""Writes pictures in all formats and orientations: HEIC box by box, since no free library encodes it."""

import io
import struct
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray
from PIL import Image

from ingest.picture.orientation import Orientation

FORMATS = (".jpg", ".png", ".webp", ".tif", ".avif", ".heic")

# EXIF's orientations as HEIF has them (ISO/IEC 23008-12, 6.5.10 and 6.5.12): quarter turns counterclockwise,
# then a mirror that exchanges top and bottom (0) or left and right (1).
TRANSFORMS = {
    1: (0, None), 2: (0, 1), 3: (2, None), 4: (0, 0), 5: (1, 0), 6: (3, None), 7: (3, 0), 8: (1, None),
}  # fmt: skip
UNDOES = {6: 8, 8: 6}  # the others undo themselves

Colour = NDArray[np.uint8]  # (height, width, 3): red, green, blue


def write_turned(path: Path, shown: Colour, orientation: int) -> Path:
    """Write a picture in the format of the suffix, stored turned and with EXIF's orientation."""
    stored = Orientation.of_exif(UNDOES.get(orientation, orientation)).apply(shown)
    if path.suffix == ".heic":
        return write_heic(path, stored, orientation=orientation)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(path, exif=exif, quality=95)
    return path


def write_animation(path: Path, pictures: Sequence[Colour], durations: Sequence[int]) -> Path:
    """Write an animation of WebP, PNG, GIF or AVIF; durations in ms."""
    # With losses, similar pictures of WebP become one.
    first, *others = map(Image.fromarray, pictures)
    first.save(path, save_all=True, append_images=others, duration=list(durations), lossless=True)
    return path


def write_heic(path: Path, colour: Colour, *, orientation: int = 1, columns: int = 1, rows: int = 1) -> Path:
    """Write a HEIC of `columns` x `rows` tiles of the same even size, as phones do."""
    height, width, _ = colour.shape
    lines = np.split(colour, rows)
    coded = [_hevc(tile) for line in lines for tile in np.split(line, columns, axis=1)]
    grid = struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)
    datas = [data for _, data in coded] + ([grid] if len(coded) > 1 else [])
    types = [b"hvc1"] * len(coded) + ([b"grid"] if len(coded) > 1 else [])
    turns, axis = TRANSFORMS[orientation]
    properties = [
        _box(b"hvcC", coded[0][0]),
        _ispe(width // columns, height // rows),
        _ispe(width, height),
        _box(b"irot", bytes([turns])),
        *([] if axis is None else [_box(b"imir", bytes([axis]))]),
    ]
    of_picture = [0x80 | number for number in range(4, len(properties) + 1)]
    uses = [[0x81, 2]] * len(coded) + ([[3]] if len(coded) > 1 else [])
    uses[-1] = [*uses[-1], *of_picture]
    ftyp = _box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    start = len(ftyp) + len(_meta(datas, types, properties, uses, 0)) + 8
    meta = _meta(datas, types, properties, uses, start)
    path.write_bytes(ftyp + meta + _box(b"mdat", *datas))
    return path


def _hevc(tile: Colour) -> tuple[bytes, bytes]:
    """Return the decoder's configuration and the coded picture, as Matroska and HEIF have them."""
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as output:
        stream = output.add_stream(
            "libx265", 1, {"x265-params": "log-level=none:info=0:crf=12", "preset": "fast"}
        )
        stream.height, stream.width, _ = tile.shape
        stream.pix_fmt = "yuv420p"
        image = av.VideoFrame.from_ndarray(tile, format="rgb24")
        image.pts = 0
        (coded,) = [*stream.encode(image), *stream.encode(None)]
        coded.pts = coded.dts = 0  # of a single picture, libx265 gives a random DTS
        output.mux(coded)
    with av.open(io.BytesIO(file.getvalue()), "r") as container:
        assert isinstance(container, InputContainer)
        (stream,) = container.streams.video
        packet = next(container.demux(stream))
        return bytes(stream.codec_context.extradata or b""), bytes(packet)


def _meta(
    datas: list[bytes], types: list[bytes], properties: list[bytes], uses: list[list[int]], start: int
) -> bytes:
    """Return the box with all items; the last is the picture, and `start` is the first item's place."""
    ids = range(1, len(datas) + 1)
    infos = [
        _full(b"infe", struct.pack(">HH", i, 0), kind, b"\0", version=2)
        for i, kind in zip(ids, types, strict=True)
    ]
    offsets = [start + len(b"".join(datas[:number])) for number in range(len(datas))]
    places = [
        struct.pack(">HHHII", i, 0, 1, offset, len(data))
        for i, offset, data in zip(ids, offsets, datas, strict=True)
    ]
    used = [struct.pack(">HB", i, len(each)) + bytes(each) for i, each in zip(ids, uses, strict=True)]
    count = struct.pack(">H", len(datas))
    tiles = struct.pack(f">HH{len(datas) - 1}H", ids[-1], len(datas) - 1, *ids[:-1])
    return _full(
        b"meta",
        _full(b"hdlr", bytes(4), b"pict", bytes(13)),
        _full(b"pitm", struct.pack(">H", ids[-1])),
        _full(b"iinf", count, *infos),
        _full(b"iref", _box(b"dimg", tiles)) if len(datas) > 1 else b"",
        _box(b"iprp", _box(b"ipco", *properties), _full(b"ipma", struct.pack(">I", len(datas)), *used)),
        _full(b"iloc", b"\x44\x00", count, *places),
    )


def _ispe(width: int, height: int) -> bytes:
    return _full(b"ispe", struct.pack(">II", width, height))


def _full(kind: bytes, *parts: bytes, version: int = 0) -> bytes:
    return _box(kind, bytes([version, 0, 0, 0]), *parts)


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body
