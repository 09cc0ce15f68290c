"""Look at an uploaded file: what it really is, and make the copies that people may be given.

A photo is unpacked to its last pixel and written anew, so that nothing comes along that is not
picture: no place, no name of the camera, no second file behind the first.  Of a film the boxes
that tell place and owner are blanked in a copy; a PDF is given as it came.
"""

import mmap
import shutil
from dataclasses import replace
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from borough.app.files.cabinet import digest_of
from borough.app.files.limits import LIMITS, FileLimits
from borough.core.errors import BadFile
from borough.core.files import ENDINGS, MP4, PHOTOS, Attachment, media_of, secrets_of, whole

FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
HEAD = 16
SHARED, THUMBNAIL = ".shared", ".thumbnail"
"""What the names of the copies end in, beside the upload."""
TYPE = slice(4, 8)
"""Where a box of a film says what it is."""
OPAQUE = "RGB"
SEETHROUGH = frozenset({"RGBA", "LA", "PA"})


def looked_at(path: Path, name: str, limits: FileLimits = LIMITS) -> Attachment:
    """Check an upload and lay its copies down beside it; *name* is what it is called.

    Raises `BadFile`, which begins with ``file:``, where it is none of the kinds that may be
    attached, not what its first bytes say, or too large.
    """
    with path.open("rb") as file:
        media = media_of(file.read(HEAD))
    if not media:
        msg = f"file: {name!r} is none of {', '.join(ENDINGS.values())} by its content"
        raise BadFile(msg)
    size = path.stat().st_size
    if size > limits.most_of(media):
        msg = f"file: {size} bytes; {media} may have {limits.most_of(media)}"
        raise BadFile(msg)
    own = digest_of(path)
    found = Attachment(name=name, media=media, size=size, sha256=own, shared=own)
    if media in PHOTOS:
        return _photo(path, found, limits)
    _check(path, media)
    if media == MP4:
        shared = path.with_name(path.name + SHARED)
        _blanked(path, shared)
        return replace(found, shared=digest_of(shared))
    return found


def _photo(path: Path, found: Attachment, limits: FileLimits) -> Attachment:
    try:
        with Image.open(path, formats=[FORMATS[found.media]]) as photo:
            width, height = photo.size
            if width * height > limits.pixels:
                msg = f"file: {width} by {height} pixels; a photo may have {limits.pixels}"
                raise BadFile(msg)
            photo.load()
            upright = ImageOps.exif_transpose(photo)
            shared = _bare(upright, limits.shared_edge)
            small = _opaque(_bare(upright, limits.thumbnail_edge))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        msg = f"file: more pixels than a photo may have, {limits.pixels}"
        raise BadFile(msg) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError) as error:
        msg = f"file: it begins as {found.media} and is not a photo that can be read"
        raise BadFile(msg) from error
    places = [path.with_name(path.name + ending) for ending in (SHARED, THUMBNAIL)]
    shared.save(places[0], FORMATS[found.media], quality=limits.quality)
    small.save(places[1], "JPEG", quality=limits.quality)
    digests = [digest_of(place) for place in places]
    return replace(
        found, shared=digests[0], thumbnail=digests[1], width=upright.width, height=upright.height
    )


def _bare(photo: Image.Image, edge: int) -> Image.Image:
    """Give the pixels alone, no larger than *edge*: what else was in the file stays behind."""
    kept = photo.convert("RGBA" if _sees_through(photo) else OPAQUE)
    kept.thumbnail((edge, edge))
    bare = Image.new(kept.mode, kept.size)
    bare.paste(kept)
    return bare


def _sees_through(photo: Image.Image) -> bool:
    return photo.mode in SEETHROUGH or "transparency" in photo.info


def _opaque(photo: Image.Image) -> Image.Image:
    """Lay a picture with holes on white."""
    if photo.mode != "RGBA":
        return photo.convert(OPAQUE)
    ground = Image.new(OPAQUE, photo.size, "white")
    ground.paste(photo, mask=photo.getchannel("A"))
    return ground


def _check(path: Path, media: str) -> None:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        view = memoryview(held)
        try:
            sound = whole(media, view)
        finally:
            view.release()
    if not sound:
        msg = f"file: it begins as {media} and is cut short, or is none"
        raise BadFile(msg)


def _blanked(path: Path, copy: Path) -> None:
    """Copy a film, and blank what tells place and owner: the boxes stay, so nothing shifts."""
    shutil.copyfile(path, copy)
    with copy.open("r+b") as file, mmap.mmap(file.fileno(), 0) as held:
        view = memoryview(held)
        found = list(secrets_of(view))
        view.release()
        for _, start, size in found:
            inside = slice(start + HEAD // 2, start + size)
            held[inside] = bytes(inside.stop - inside.start)
            held[start + TYPE.start : start + TYPE.stop] = b"free"
        held.flush()
