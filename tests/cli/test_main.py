import builtins
import os
import subprocess
import sys

import pytest

from jaxmlp import __version__
from jaxmlp.cli import COMMANDS, HELP, keep_compiled, main


def test_help_lists_every_command(capsys):
    for args in ([], ["--help"], ["-h"]):
        assert main(args) == 0
        assert capsys.readouterr().out == HELP.format(cache="no folder") + "\n"
    assert all(f"  {command} " in HELP for command in COMMANDS)


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"jaxmlp {__version__}\n"


def test_unknown_command_is_one_line(capsys):
    assert main(["trian"]) == 2
    assert (
        capsys.readouterr().err
        == "jaxmlp: unknown command 'trian': expected train, sweep, verify, predict, evaluate, show\n"
    )


def test_a_missing_extra_says_what_to_install(capsys, monkeypatch):
    real = builtins.__import__

    def without_tyro(name, *args, **kwargs):
        if name == "tyro":
            raise ModuleNotFoundError("No module named 'tyro'", name="tyro")
        return real(name, *args, **kwargs)

    for module in ("jaxmlp.cli.train", "jaxmlp.cli.settings"):
        monkeypatch.delitem(__import__("sys").modules, module, raising=False)
    monkeypatch.setattr(builtins, "__import__", without_tyro)
    assert main(["train"]) == 2
    assert "pip install 'jaxmlp[app]'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (PermissionError("no"), 2)]
)
def test_what_ends_a_run_is_one_line(error, code, capsys, monkeypatch):
    from jaxmlp.cli import train

    def fail(_):
        raise error

    monkeypatch.setattr(train, "main", fail)
    assert main(["train"]) == code
    assert capsys.readouterr().err.count("\n") == 1


@pytest.fixture
def environment(monkeypatch, tmp_path):
    """No word of a cache in it, and a home of its own."""
    for name in [*os.environ]:
        if name.startswith(("JAX_", "JAXMLP_", "XDG_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    before = dict(os.environ)
    yield monkeypatch
    for name in {*os.environ} - {*before}:
        monkeypatch.delenv(name)


def test_compiled_programs_are_kept_in_the_users_cache(environment, tmp_path):
    environment.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    keep_compiled()
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path / "cache/jaxmlp")
    assert (tmp_path / "cache/jaxmlp").is_dir()


def test_another_folder_or_none_at_all(environment, tmp_path):
    environment.setenv("JAXMLP_CACHE", "off")
    keep_compiled()
    assert "JAX_COMPILATION_CACHE_DIR" not in os.environ
    environment.setenv("JAXMLP_CACHE", str(tmp_path / "mine"))
    keep_compiled()
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path / "mine")
    environment.setenv("JAXMLP_CACHE", str(tmp_path / "other"))
    keep_compiled()
    assert os.environ["JAX_COMPILATION_CACHE_DIR"] == str(tmp_path / "mine")  # the user's own


def test_a_folder_that_cannot_be_made_is_no_reason_to_stop(environment, tmp_path):
    (tmp_path / "file").write_text("")
    environment.setenv("JAXMLP_CACHE", str(tmp_path / "file/below"))
    keep_compiled()
    assert "JAX_COMPILATION_CACHE_DIR" not in os.environ


def test_a_second_run_compiles_nothing(environment, tmp_path):
    """Counted by the files of the cache: as many after the second run as after the first."""
    args = ["train", "--data", "iris", "--epochs", "1", "--units", "3"]
    run = [sys.executable, "-c", f"from jaxmlp.cli import main; main({args})"]
    environment.setenv("JAXMLP_CACHE", str(tmp_path / "cache"))
    counts = []
    for _ in range(2):
        subprocess.run(run, cwd=tmp_path, check=True, capture_output=True)
        counts.append(len(list((tmp_path / "cache").glob("*-cache"))))
    assert counts[0] == counts[1] > 0
