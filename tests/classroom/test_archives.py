"""Every entry of folders and zips: read, or listed with the reason; nothing leads out."""

import io
import os
import stat
import zipfile

import pytest

from jaxmlp.classroom import archives
from jaxmlp.classroom.archives import entries

from .many import link, zipped

CODE = "def f(x):\n    return x\n"


def listed(tmp_path, data, name="class.zip"):
    (tmp_path / name).write_bytes(data)
    return {"/".join(e.path[1:]): e for e in entries(tmp_path / name)}


def test_a_zip_in_a_zip_in_a_folder(tmp_path):
    inner = zipped({"src/a.py": CODE, "b.ipynb": "{}"})
    (tmp_path / "class" / "sato").mkdir(parents=True)
    (tmp_path / "class" / "sato" / "hw.zip").write_bytes(zipped({"more/inner.zip": inner}))
    (tmp_path / "class" / "suzuki.py").write_text(CODE)
    found = {e.path: e.data for e in entries(tmp_path / "class")}
    assert found == {
        ("sato", "hw.zip", "more", "inner.zip", "src", "a.py"): CODE.encode(),
        ("sato", "hw.zip", "more", "inner.zip", "b.ipynb"): b"{}",
        ("suzuki.py",): CODE.encode(),
    }


@pytest.mark.parametrize("encoding", ["cp932", "utf-8"])
def test_names_in_an_encoding_that_the_zip_does_not_tell(encoding, tmp_path):
    name = "機械学習/ソ表能.py"  # whose second bytes are backslashes in Shift-JIS
    assert list(listed(tmp_path, zipped({name: CODE}, encoding))) == [name]


def test_names_that_say_utf8(tmp_path):
    assert list(listed(tmp_path, zipped({"課題.py": CODE}))) == ["課題.py"]


@pytest.mark.parametrize("name", ["../a.py", "x/../../a.py", "/etc/a.py", "C:\\a.py", "..\\a.py"])
def test_a_path_that_leads_out_is_refused(name, tmp_path):
    (entry,) = listed(tmp_path, zipped({name: CODE})).values()
    assert entry.data is None
    assert "leads out" in entry.why.en
    assert name in entry.path[-1]


def test_links_are_refused_in_zips_and_folders(tmp_path):
    (entry,) = listed(tmp_path, link()).values()
    assert entry.why == archives.LINK
    (tmp_path / "class").mkdir()
    os.symlink("/etc", tmp_path / "class" / "etc")
    os.symlink("/etc/passwd", tmp_path / "class" / "a.py")
    assert [e.why for e in entries(tmp_path / "class")] == [archives.LINK] * 2


def test_a_bomb_is_refused_and_what_is_beside_it_read(tmp_path):
    bomb = zipped({f"{k}.py": bytes(90 << 20) for k in range(3)})
    found = listed(tmp_path, zipped({"bomb.zip": bomb, "good.zip": zipped({"a.py": CODE})}))
    assert [found[f"bomb.zip/{k}.py"].data for k in range(3)] == [None] * 3
    assert "200 MB" in found["bomb.zip/2.py"].why.en
    assert found["good.zip/a.py"].data == CODE.encode()


def test_a_zip_of_itself_ends(tmp_path):
    data = zipped({"a.py": CODE})
    for _ in range(10):
        data = zipped({"again.zip": data})
    (entry,) = listed(tmp_path, data).values()
    assert "deep" in entry.why.en


def test_too_many_entries_are_one_line(tmp_path):
    many = zipped({f"{k}.py": "" for k in range(6000)})
    (entry,) = listed(tmp_path, zipped({"many.zip": many})).values()
    assert "5000 entries" in entry.why.en


def test_a_size_that_lies(tmp_path):
    raw = bytearray(zipped({"a.py": "x" * 1000}))
    at = raw.rfind(b"PK\x01\x02")
    raw[at + 24 : at + 28] = (10).to_bytes(4, "little")
    (entry,) = listed(tmp_path, zipped({"a.zip": bytes(raw)})).values()
    assert entry.data is None
    assert "cannot be read" in entry.why.en


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.pdf", b"%PDF", "no Python (.pdf)"),
        ("a.rar", b"Rar!", "an archive of another kind (.rar)"),
        ("a.tar.gz", b"\x1f\x8b", "an archive of another kind (.gz)"),
        ("a.py", b" \n", "empty"),
        ("a.zip", b"PK", "cannot be read"),
        ("a.zip", zipped({}), "an empty zip"),
        ("__MACOSX/._a.py", b"\0", "left by the system"),
        ("x/.ipynb_checkpoints/a.ipynb", b"{}", "left by the system"),
        ("a.py", b"x" * (archives.FILE + 1), "larger than 10 MB"),
    ],
)
def test_what_is_not_graded_is_listed_with_the_reason(name, data, why, tmp_path):
    for found in (
        listed(tmp_path, zipped({name: data})),
        _in_folder(tmp_path / "class", name, data),
    ):
        (entry,) = found.values()
        assert entry.data is None
        assert entry.why.en.startswith(why)
        assert entry.why.ja


def _in_folder(folder, name, data):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return {e.path: e for e in entries(folder)}


def test_a_password(tmp_path):
    raw = bytearray(zipped({"a.py": CODE}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.find(mark) + at] |= 1
    (entry,) = listed(tmp_path, bytes(raw)).values()
    assert "password" in entry.why.en


def test_a_damaged_zip_is_one_line(tmp_path):
    (tmp_path / "class.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ValueError, match="class.zip: expected a zip, got a damaged one"):
        list(entries(tmp_path / "class.zip"))


def test_a_crc_that_does_not_fit_spoils_one_entry(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.py", CODE)
        archive.writestr("b.py", CODE)
    raw = out.getvalue().replace(CODE.encode(), CODE.encode().replace(b"x", b"y"), 1)
    found = listed(tmp_path, raw)
    assert (found["a.py"].data, found["b.py"].data) == (None, CODE.encode())


def test_a_pipe_and_an_empty_folder(tmp_path):
    (tmp_path / "class" / "sato").mkdir(parents=True)
    os.mkfifo(tmp_path / "class" / "suzuki.py")
    assert stat.S_ISFIFO(os.stat(tmp_path / "class" / "suzuki.py").st_mode)
    found = {e.path[0]: e.why.en for e in entries(tmp_path / "class")}
    assert found["sato"] == "an empty folder"
    assert "regular file" in found["suzuki.py"]
