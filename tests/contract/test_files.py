"""What may be attached to a case, and what is left of it in the copies that people are given."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, strategies as st
from PIL import Image, PngImagePlugin

from borough.app.files.cabinet import Cabinet, digest_of
from borough.app.files.limits import LIMITS
from borough.app.files.looking import SHARED, THUMBNAIL, looked_at
from borough.core.errors import BadFile, BadRequest, NotFound
from borough.core.files import boxes, media_of, secrets_of

SECRET = b"SecretPlace"


def exif() -> Image.Exif:
    """Make tags that say where, and with what."""
    made = Image.Exif()
    made[0x010F] = SECRET.decode()
    made[0x0112] = 6
    place = made.get_ifd(0x8825)
    place[1], place[2] = "N", (29.0, 43.0, 17.0)
    return made


def photo(form: str, size: tuple[int, int] = (60, 40), mode: str = "RGB") -> bytes:
    """Make a photo with a place in it."""
    file = io.BytesIO()
    told: dict[str, object] = {"exif": exif()}
    if form == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("where", SECRET.decode())
        told |= {"pnginfo": text}
    Image.new(mode, size, (200, 10, 10, 90)[: len(mode)]).save(file, form, **told)
    return file.getvalue()


def box(name: bytes, content: bytes) -> bytes:
    """Make a box of a film."""
    return struct.pack(">I4s", 8 + len(content), name) + content


def film() -> bytes:
    """Make the bones of a film, with its place at two depths and an empty tail."""
    place = box(b"udta", box(b"\xa9xyz", SECRET))
    track = box(b"trak", box(b"tkhd", b"t" * 20) + box(b"meta", SECRET))
    moov = box(b"moov", box(b"mvhd", b"m" * 20) + track + place)
    return box(b"ftyp", b"isom") + moov + box(b"mdat", b"picture" * 9)


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    """Say where an upload lies."""
    return tmp_path / "upload"


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_copy_of_a_photo_says_nothing_but_the_picture(form: str, upload: Path) -> None:
    """Place, camera and words are gone, the picture stands upright, and the original is kept."""
    sent = photo(form)
    upload.write_bytes(sent)
    assert SECRET in sent
    found = looked_at(upload, "a photo")
    shared = upload.with_name(upload.name + SHARED)
    small = upload.with_name(upload.name + THUMBNAIL)

    assert (found.width, found.height) == (40, 60)
    assert (found.sha256, found.shared) == (digest_of(upload), digest_of(shared))
    assert upload.read_bytes() == sent
    for path, wanted in ((shared, form), (small, "JPEG")):
        assert SECRET not in path.read_bytes()
        with Image.open(path) as copy:
            copy.load()
            assert (copy.format, copy.size) == (wanted, (40, 60))
            assert not dict(copy.getexif())


def test_what_can_be_seen_through_stays_so(upload: Path) -> None:
    """A drawing keeps its holes in the copy; the thumbnail has white there."""
    upload.write_bytes(photo("PNG", mode="RGBA"))
    looked_at(upload, "a drawing")
    with Image.open(upload.with_name(upload.name + SHARED)) as copy:
        assert copy.mode == "RGBA"
    with Image.open(upload.with_name(upload.name + THUMBNAIL)) as small:
        assert small.mode == "RGB"


def test_large_photos_are_given_smaller(upload: Path) -> None:
    """Copies are no larger than the limits say."""
    upload.write_bytes(photo("JPEG", (LIMITS.shared_edge * 2, 100)))
    looked_at(upload, "wide")
    with Image.open(upload.with_name(upload.name + SHARED)) as copy:
        assert max(copy.size) == LIMITS.shared_edge


def test_a_film_keeps_its_pictures_and_loses_its_place(upload: Path) -> None:
    """Boxes that tell are blanked where they stand, so nothing else moves."""
    upload.write_bytes(film())
    found = looked_at(upload, "a film")
    copy = upload.with_name(upload.name + SHARED).read_bytes()

    assert found.media == "video/mp4"
    assert SECRET not in copy
    assert len(copy) == len(film())
    assert copy.endswith(b"picture" * 9)
    assert [name for name, _, _ in boxes(copy)] == [b"ftyp", b"moov", b"mdat"]


def test_a_paper_is_given_as_it_came(upload: Path) -> None:
    """A PDF has one version, which is downloaded and never shown."""
    upload.write_bytes(b"%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n")
    found = looked_at(upload, "a paper")
    assert (found.media, found.shared, found.thumbnail) == ("application/pdf", found.sha256, "")


def png_bomb() -> bytes:
    """Make the head of a picture that would unpack to 30 GB."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head
    return start + struct.pack(">I", zlib.crc32(head)) + photo("PNG")[33:]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00 a program",
        b"GIF89a" + b"\x00" * 40,
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        b"\xff\xd8\xff\xe0" + b"<html>" * 40,
        photo("JPEG", (400, 400))[:1500],
        photo("PNG")[:-30],
        photo("WEBP")[:-30],
        png_bomb(),
        b"%PDF-1.7 and nothing more" + b" " * 2000,
        b"\x00\x00\x00\x18ftypisom" + b"\x00" * 50,
        film()[:-20],
    ],
    ids=[
        "nothing", "program", "gif", "svg", "html as jpeg", "cut jpeg", "cut png", "cut webp",
        "bomb", "cut pdf", "empty film", "cut film",
    ],
)  # fmt: skip
def test_what_is_not_what_it_says_is_refused(content: bytes, upload: Path) -> None:
    """The message begins with the field, and no copy is left behind."""
    upload.write_bytes(content)
    with pytest.raises(BadFile, match=r"^file: "):
        looked_at(upload, "photo.jpg")
    assert list(upload.parent.iterdir()) == [upload]


def test_a_photo_with_too_many_pixels_is_refused_by_its_head(upload: Path) -> None:
    """Nothing of it is unpacked; a photo just below the limit of the library is refused as well."""
    upload.write_bytes(png_bomb())
    with pytest.raises(BadFile, match="pixels"):
        looked_at(upload, "bomb.png")
    file = io.BytesIO()
    Image.new("1", (LIMITS.pixels // 5_000 + 1, 5_000)).save(file, "PNG")
    upload.write_bytes(file.getvalue())
    with pytest.raises(BadFile, match=f"may have {LIMITS.pixels}"):
        looked_at(upload, "large.png")


def test_a_file_too_large_for_its_kind_is_refused(upload: Path) -> None:
    """The limit of a photo is not that of a film."""
    upload.write_bytes(photo("JPEG") + bytes(LIMITS.photo_bytes))
    with pytest.raises(BadFile, match="may have"):
        looked_at(upload, "photo.jpg")


@given(st.binary(max_size=64))
def test_any_bytes_are_told_apart_without_harm(content: bytes) -> None:
    """Whatever comes, it is one of ours or none, and its boxes fit or are refused."""
    assert media_of(content) in {
        "", "image/jpeg", "image/png", "image/webp", "application/pdf", "video/mp4"
    }  # fmt: skip
    try:
        found = list(secrets_of(content))
    except BadRequest:
        return
    assert all(start >= 0 and start + size <= len(content) for _, start, size in found)


def test_the_cabinet_keeps_bytes_under_their_digest_once(tmp_path: Path) -> None:
    """The same bytes are kept once; what was dropped is told as gone; damage is noticed."""
    cabinet = Cabinet(tmp_path)
    for number in range(2):
        source = tmp_path / f"source-{number}"
        source.write_bytes(b"the same")
        digest = digest_of(source)
        cabinet.keep(source, digest)
        assert not source.exists()
    assert len([each for each in tmp_path.rglob("*") if each.is_file()]) == 1
    assert cabinet.sound(digest)
    assert cabinet.path(digest).stat().st_mode & 0o077 == 0
    cabinet.path(digest).write_bytes(b"another")
    assert not cabinet.sound(digest)
    cabinet.drop(digest)
    with pytest.raises(NotFound):
        cabinet.path(digest)
