"""The command as a person runs it: an error is one message on standard error and exit code 2, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest


def run(*arguments):
    command = [sys.executable, "-m", "llm4rec.apps.cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_command_is_installed():
    command = Path(sys.executable).with_name("llm4rec")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("llm4rec ")


@pytest.fixture
def tampered(cli, shop, tmp_path):
    cli("fit", shop, "-o", tmp_path / "engine", "--model", "popular")
    with (tmp_path / "engine" / "model.safetensors").open("ab") as file:
        file.write(b"x")
    return tmp_path / "engine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["data", "check", "absent"], "absent"),
        (["fit", "SHOP", "-o", "e", "--model", "sequense"], "did you mean 'sequence'"),
        (["fit", "SHOP", "-o", "e", "--set", "fit.sede=1"], "did you mean 'seed'"),
        (["recommend", "absent", "--user", "x"], "no engine folder absent"),
        (["recommend", "TAMPERED", "--user", "x"], "is not what was saved"),
        (["recommend", "SHOP", "--user", "x"], "not an engine folder"),
        (["fit", "SHOP", "--nonsense"], "--nonsense"),
    ],
)
def test_an_error_is_one_message_and_exit_code_two(shop, tampered, arguments, message):
    places = {"SHOP": shop, "TAMPERED": tampered}
    done = run(*[places.get(word, word) for word in arguments])
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
