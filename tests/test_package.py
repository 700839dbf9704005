"""The package as a whole: what importing it costs, and its public names."""

import subprocess
import sys

import pytest

import jaxmlp


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
