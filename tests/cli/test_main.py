import builtins
import os
import shutil
import subprocess
import sys

import jax
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
        == "jaxmlp: unknown command 'trian': expected train, sweep, verify, predict, evaluate, show"
        " (did you mean train?)\n"
    )


@pytest.mark.parametrize(
    ("args", "meant"),
    [
        (["train", "--optimzer", "adam"], "--optimzer, adam (did you mean --optimizer?)"),
        (["sweep", "--epoch", "3"], "--epoch, 3 (did you mean --epochs?)"),
        (["predict", "a", "b", "--seperator", ";"], "(did you mean --separator?)"),
        (["verify", "--hmtl", "x"], "(did you mean --html?)"),
        (["train", "--xyzzyx"], "Unrecognized options: --xyzzyx\n"),
    ],
)
def test_unknown_options_are_guessed(args, meant, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert main(args) == 2
    assert meant in capsys.readouterr().err


def test_a_missing_extra_says_what_to_install(capsys, monkeypatch):
    real = builtins.__import__

    def without_tyro(name, *args, **kwargs):
        if name == "tyro":
            raise ModuleNotFoundError("No module named 'tyro'", name="tyro")
        return real(name, *args, **kwargs)

    for module in ("jaxmlp.cli.train", "jaxmlp.cli.settings", "jaxmlp.cli.options"):
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


@pytest.mark.slow
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


RUN = "from jaxmlp.cli import main; raise SystemExit(main())"
TRAIN = ["train", "--data", "iris", "--epochs", "1", "--units", "3", "--out", "run"]


@pytest.mark.costly
@pytest.mark.parametrize("platform", ["cuda", "nonsense"])
def test_a_platform_that_is_not_there_is_one_line(platform, tmp_path):
    if platform == "cuda" and shutil.which("nvidia-smi"):
        pytest.skip("it is there")
    done = subprocess.run(
        [sys.executable, "-c", RUN, *TRAIN], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "JAX_PLATFORMS": platform},
    )  # fmt: skip
    assert done.returncode == 2
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"jaxmlp: JAX finds no device of JAX_PLATFORMS='{platform}'")
    assert last.endswith("JAX_PLATFORMS=cpu runs")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes"),
         "out of memory on the device: fewer --units, a smaller --batch-size, or JAX_PLATFORMS=cpu"),
        (jax.errors.JaxRuntimeError("INTERNAL: something"), "jaxmlp: INTERNAL: something"),
    ],
)  # fmt: skip
def test_an_error_of_jaxs_is_one_line(error, line, capsys, monkeypatch):
    from jaxmlp.cli import train

    def fail(_):
        raise error

    monkeypatch.setattr(train, "main", fail)
    assert main(["train"]) == 2
    err = capsys.readouterr().err
    assert line in err
    assert err.count("\n") == 1


def test_an_error_of_ones_own_is_no_error_of_jaxs(monkeypatch):
    from jaxmlp.cli import train

    monkeypatch.setattr(train, "main", lambda _: {}["a mistake of the program's"])
    with pytest.raises(KeyError):
        main(["train"])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
def test_closed_streams_are_no_error(tmp_path):
    command = f"'{sys.executable}' -c '{RUN}' {' '.join(TRAIN)} <&- >&- 2>&-"
    assert subprocess.run(["bash", "-c", command], cwd=tmp_path).returncode == 0
    assert (tmp_path / "run/model.safetensors").exists()


@pytest.mark.slow
def test_a_log_has_no_bars(tmp_path):
    """Though FORCE_COLOR has Rich take it for a terminal."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *TRAIN], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "FORCE_COLOR": "1"},
    )  # fmt: skip
    assert done.returncode == 0
    assert "━" not in done.stdout + done.stderr


@pytest.mark.slow
def test_damaged_entries_of_the_cache_are_removed(environment, tmp_path):
    folder = tmp_path / "cache"
    environment.setenv("JAXMLP_CACHE", str(folder))
    run = [sys.executable, "-c", RUN, *TRAIN[:-2]]
    for damage in (False, True, False):
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")
        for path in folder.glob("*-cache") if damage else ():
            path.write_bytes(path.read_bytes()[:50])
    assert min(path.stat().st_size for path in folder.glob("*-cache")) > 50


@pytest.mark.parametrize(("name", "expected"), [("show", "false"), ("train", None)])
def test_what_needs_little_memory_leaves_a_gpus_to_others(name, expected, monkeypatch, capsys):
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "")
    monkeypatch.delenv("XLA_PYTHON_CLIENT_PREALLOCATE")
    assert main([name, "--nonsense"]) == 2
    assert os.environ.get("XLA_PYTHON_CLIENT_PREALLOCATE") == expected
    monkeypatch.setenv("XLA_PYTHON_CLIENT_PREALLOCATE", "true")
    assert main([name, "--nonsense"]) == 2
    assert os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] == "true"
