"""Every entry of folders and zips, zips in zips included, in memory: nothing is unpacked to disk.

A path that leads out leads nowhere, then; it is refused all the same: nobody makes one by chance.
"""

import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from jaxmlp.verify.finding import Words
from jaxmlp.verify.reading import FILE
from jaxmlp.whole import regular

MB = 1 << 20
NESTING_LIMIT = 4  # zips in zips
OF_ALL = (8192 * MB, 200_000)  # bytes and entries, unpacked
OF_ONE = (200 * MB, 5000)  # of one submission
CODE_SUFFIXES = (".py", ".ipynb", ".txt", "")  # what may hold Python
ACCEPTED_SUFFIXES = (*CODE_SUFFIXES, ".yml")
# What systems and tools leave behind; it is listed, and that is all.
LEFT_BEHIND = re.compile(
    r"__MACOSX|\.DS_Store|\._.*|Thumbs\.db|desktop\.ini|~\$.*|__pycache__|\.ipynb_checkpoints"
    r"|\.git|\.hg|\.svn|\.venv|venv|\.idea|\.vscode|node_modules|\.pytest_cache|\.mypy_cache"
)
OTHER_ARCHIVES = (".rar", ".7z", ".lzh", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".alz")
UNSAFE = Words("refused: its path leads out of the archive", "拒否: パスが外を指しています")
LINK = Words("refused: a link", "拒否: リンクです")
OF_A_TOOL = Words("left by the system or a tool", "OS やツールが残したものです")
BOMB = Words(
    "refused: unpacked, this submission is larger than {} MB or has more than {} entries",
    "拒否: 展開すると {} MB または {} 個を超えます",
)


class ArchiveEntry(NamedTuple):
    """One thing in a folder or a zip.

    Attributes:
        path: the names from the source to it, one a level; a zip is a level, too.
        data: what is in it, where it may hold Python.
        why: why it is not graded, or None.
    """

    path: tuple[str, ...]
    data: bytes | None = None
    why: Words | None = None


class Room:
    """What may still be unpacked; zips in one zip share what that one has."""

    def __init__(self, size: int, entries: int):
        self.size, self.entries, self.limits = size, entries, (size // MB, entries)

    def take(self, *, size: int = 0, entries: int = 0) -> bool:
        """Whether there is room for so much more."""
        self.size, self.entries = self.size - size, self.entries - entries
        return self.size >= 0 and self.entries >= 0

    def over(self) -> Words:
        """That there is none."""
        return Words(*(text.format(*self.limits) for text in BOMB))


def entries(source: Path) -> Iterator[ArchiveEntry]:
    """All that is in a folder, a zip, or a file.

    Raises:
        OSError: it cannot be opened. ValueError: it is a damaged zip.
    """
    if source.is_dir():
        yield from _of_folder(source, ())
    elif source.suffix.lower() == ".zip":
        with open(source, "rb", opener=regular) as file:
            yield from _of_zip(file, (source.name,), Room(*OF_ALL), 0)
    else:
        yield _of_file(source, (source.name,))


def _of_folder(folder: Path, above: tuple[str, ...]) -> Iterator[ArchiveEntry]:
    listing = sorted(os.scandir(folder), key=lambda entry: entry.name)
    if not listing and above:
        yield ArchiveEntry(above, why=Words("an empty folder", "空のフォルダです"))
    for entry in listing:
        path, inside = (*above, entry.name), Path(entry.path)
        if LEFT_BEHIND.fullmatch(entry.name):
            yield ArchiveEntry(path, why=OF_A_TOOL)
        elif entry.is_symlink():
            yield ArchiveEntry(path, why=LINK)
        elif entry.is_dir():
            yield from _of_folder(inside, path)
        else:
            yield from _of_file_or_zip(inside, path)


def _of_file_or_zip(path: Path, names: tuple[str, ...]) -> Iterator[ArchiveEntry]:
    if path.suffix.lower() != ".zip":
        yield _of_file(path, names)
        return
    try:
        with open(path, "rb", opener=regular) as file:
            yield from _of_zip(file, names, Room(*OF_ONE), 1)
    except (ValueError, OSError) as why:
        yield ArchiveEntry(names, why=_unreadable(why))


def _of_file(path: Path, names: tuple[str, ...]) -> ArchiveEntry:
    if why := _not_code(names[-1]):
        return ArchiveEntry(names, why=why)
    try:
        with open(path, "rb", opener=regular) as file:
            return _read(names, file)
    except (OSError, ValueError) as why:
        return ArchiveEntry(names, why=_unreadable(why))


def _read(names: tuple[str, ...], file: Any) -> ArchiveEntry:
    data = file.read(FILE + 1)
    if len(data) > FILE:
        return ArchiveEntry(
            names, why=Words(f"larger than {FILE // MB} MB", f"{FILE // MB} MB を超えています")
        )
    if not data.strip():
        return ArchiveEntry(names, why=Words("empty", "空のファイルです"))
    return ArchiveEntry(names, data)


def _not_code(name: str) -> Words | None:
    """Why it can hold no Python, by its name; None if it may."""
    suffix = Path(name).suffix.lower()
    if suffix in OTHER_ARCHIVES:
        return Words(f"an archive of another kind ({suffix}): expected .zip",
                     f"別形式のアーカイブ ({suffix}) です。.zip が必要です")  # fmt: skip
    if suffix in ACCEPTED_SUFFIXES:
        return None
    return Words(f"no Python ({suffix})", f"Python ではありません ({suffix})")


def _unreadable(why: Exception) -> Words:
    text = " ".join(str(getattr(why, "strerror", None) or why).split())
    return Words(f"cannot be read: {text}", getattr(why, "ja", f"読み込めません: {text}"))


def _of_zip(file: Any, above: tuple[str, ...], room: Room, depth: int) -> Iterator[ArchiveEntry]:
    """The entries of a zip; of one that is damaged or too deep, the zip itself.

    Raises:
        ValueError: the outermost is damaged.
    """
    try:
        archive = zipfile.ZipFile(file)
        infos = [info for info in archive.infolist() if not info.is_dir()]
    except (zipfile.BadZipFile, OSError, ValueError, struct.error, NotImplementedError) as why:
        if depth == 0:
            raise ValueError(f"{above[-1]}: expected a zip, got a damaged one ({why})") from None
        yield ArchiveEntry(above, why=_unreadable(why))
        return
    if not infos:
        yield ArchiveEntry(above, why=Words("an empty zip", "空の zip です"))
    if not room.take(entries=len(infos)):
        yield ArchiveEntry(above, why=room.over())
        return
    for info in infos:
        yield from _of_info(archive, info, above, room, depth)


def _of_info(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, above: tuple[str, ...], room: Room, depth: int
) -> Iterator[ArchiveEntry]:
    name = decoded_name(info)
    names = tuple(part for part in re.split(r"[/\\]", name) if part not in ("", "."))
    path = (*above, *names)
    suffix = Path(names[-1] if names else "").suffix.lower()
    if not names or ".." in names or re.match(r"[/\\]|[A-Za-z]:", name):
        yield ArchiveEntry((*above, name), why=UNSAFE)
    elif any(map(LEFT_BEHIND.fullmatch, names)):
        yield ArchiveEntry(path, why=OF_A_TOOL)
    elif stat.S_ISLNK(info.external_attr >> 16):
        yield ArchiveEntry(path, why=LINK)
    elif info.flag_bits & 1:
        yield ArchiveEntry(
            path, why=Words("protected by a password", "パスワードで保護されています")
        )
    elif suffix != ".zip" and (why := _not_code(names[-1])):
        yield ArchiveEntry(path, why=why)
    else:
        yield from _unpacked(archive, info, path, room, depth, zipped=suffix == ".zip")


def _unpacked(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: tuple[str, ...], room: Room,
    depth: int, *, zipped: bool,
) -> Iterator[ArchiveEntry]:  # fmt: skip
    """An entry that is read, and where it is a zip, what is in that."""
    if zipped and depth + 1 >= NESTING_LIMIT:
        words = Words(
            f"refused: zips in zips, {NESTING_LIMIT} deep",
            f"拒否: zip の入れ子が {NESTING_LIMIT} 段です",
        )
        yield ArchiveEntry(path, why=words)
        return
    room = Room(*OF_ONE) if zipped and depth == 0 else room
    if not room.take(size=info.file_size):
        yield ArchiveEntry(path, why=room.over())
        return
    try:
        with archive.open(info) as file:
            if not zipped:
                yield _read(path, file)
                return
            inside = io.BytesIO(file.read())
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError,
            NotImplementedError, RuntimeError) as why:  # fmt: skip
        yield ArchiveEntry(path, why=_unreadable(why))
        return
    yield from _of_zip(inside, path, room, depth + 1)


def decoded_name(info: zipfile.ZipInfo) -> str:
    """An entry's name: UTF-8 if it says so, else UTF-8 or Shift-JIS, whichever it can be.

    Windows in Japan writes Shift-JIS and macOS UTF-8, both without saying so; Python then takes
    either for the IBM PC's cp437.
    """
    name = info.orig_filename
    if info.flag_bits & 0x800:
        return name
    raw = name.encode("cp437", "replace")
    for encoding in ("utf-8", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name
