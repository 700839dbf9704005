"""What the tests of the checker share."""

import pytest

from jaxmlp.verify.homework import Options, verify_file


@pytest.fixture
def judged(tmp_path):
    """What the checker says of a text that is a student's file."""

    def judge(text, **options):
        path = tmp_path / "homework.py"
        path.write_text(text, encoding="utf-8")
        return verify_file(path, Options(**{"limit": 30.0, "budget": 200.0, **options}))

    return judge
