import builtins

import pytest

from jaxmlp import __version__
from jaxmlp.cli import COMMANDS, HELP, main


def test_help_lists_every_command(capsys):
    for args in ([], ["--help"], ["-h"]):
        assert main(args) == 0
        assert capsys.readouterr().out == HELP + "\n"
    assert all(f"  {command} " in HELP for command in COMMANDS)


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"jaxmlp {__version__}\n"


def test_unknown_command_is_one_line(capsys):
    assert main(["trian"]) == 2
    assert (
        capsys.readouterr().err
        == "jaxmlp: unknown command 'trian': expected train, sweep, verify\n"
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
