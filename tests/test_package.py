"""The package as a whole: what importing it costs, and what the README promises."""

import re
import subprocess
import sys
from pathlib import Path

import jax
import pytest

import jaxmlp

ROOT = Path(__file__).parents[1]
READMES = ["README.md", "README.ja.md"]


def python(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize(
    "code", ["import jaxmlp", "from jaxmlp.cli import main; main(['--help'])",
             "from jaxmlp.cli import main; main(['--version'])"]
)  # fmt: skip
def test_import_and_help_wait_for_nothing(code):
    heavy = (
        "{'jax', 'optax', 'numpy', 'pandas', 'pyarrow', 'sklearn', 'matplotlib', 'rich', 'tyro', "
        "'sympy'}"
    )
    assert python(f"{code}\nimport sys; print(sorted({heavy} & set(sys.modules)))").endswith("[]\n")


def test_using_it_sets_no_global_configuration():
    code = "import jax\n{}\nprint(jax.config.values)"
    use = "import jaxmlp.train.sgd, jaxmlp.scikit_learn, jaxmlp.cli.train, jaxmlp.cli.predict"
    assert python(code.format(use)) == python(code.format(""))


def test_every_public_name_is_there_and_documented():
    for name in jaxmlp.__all__:
        assert getattr(jaxmlp, name).__doc__, name
    assert set(jaxmlp.__all__) <= set(dir(jaxmlp))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        jaxmlp.nothing  # noqa: B018


def code_blocks(readme: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / readme).read_text(), re.DOTALL)


@pytest.mark.parametrize("readme", READMES)
def test_python_in_the_readme_runs_and_prints_what_it_says(readme):
    blocks = code_blocks(readme, "python")
    assert blocks
    code = "\n".join(blocks)
    with jax.enable_x64(False):
        printed = python(code)
    promised = re.findall(r"print\(.*\)  # (.*)", code)
    assert printed.splitlines() == promised


def test_both_readmes_have_the_same_commands_and_code():
    english, japanese = READMES
    assert code_blocks(english, "sh") == code_blocks(japanese, "sh")
    without_comments = [
        [re.sub(r"^# .*\n", "", block, flags=re.M) for block in code_blocks(readme, "python")]
        for readme in READMES
    ]
    assert without_comments[0] == without_comments[1]
