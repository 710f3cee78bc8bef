"""Keys and a service from the command line, in a process of its own, until it is told to stop."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import typer

from llm4rec.apps.cli.main import app
from llm4rec.client import Client, ServiceError
from llm4rec.core import Impression, Llm4recError, NotFoundError, SettingsError, stream
from llm4rec.store import open_store

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


def test_a_key_is_told_once_listed_without_its_secret_and_revoked(cli, told, tmp_path):
    url = tmp_path / "keys.db"
    key = cli("keys", "create", url, "--role", "write", "--label", "shop").stdout.strip()
    (row,) = told("keys", "list", url, "--json")
    assert key.startswith(f"l4r~{row['id']}~")
    assert (row["role"], row["label"], row["revoked"]) == ("write", "shop", False)
    assert key.rpartition("~")[2] not in cli("keys", "list", url).stdout
    cli("keys", "revoke", url, row["id"])
    assert told("keys", "list", url, "--json")[0]["revoked"]


def test_keys_and_versions_stand_in_a_store_of_pseudonyms_too(cli, told, tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_NAMES", "a long secret of the shop, kept elsewhere")
    url, names = tmp_path / "hidden.db", ("--pseudonym-key-env", "SHOP_NAMES")
    cli("store", "init", url, *names)
    cli("keys", "create", url, "--role", "read", *names)
    (row,) = told("keys", "list", url, *names, "--json")
    cli("keys", "revoke", url, row["id"], *names)
    assert told("models", "list", url, *names, "--json") == []
    with pytest.raises(Llm4recError, match="pseudonym"):
        cli("keys", "list", url)


def test_wrong_roles_keys_and_stores_are_named(cli, tmp_path):
    with pytest.raises(SettingsError, match="read, write, admin"):
        cli("keys", "create", tmp_path / "keys.db", "--role", "root")
    with pytest.raises(NotFoundError, match="nobody"):
        cli("keys", "revoke", tmp_path / "keys.db", "nobody")
    with pytest.raises(NotFoundError, match="no store"):
        cli("keys", "list", tmp_path / "none.db")


def test_no_other_machine_is_served_without_a_key(cli, tmp_path):
    with pytest.raises(SettingsError, match="keys create"):
        cli("serve", tmp_path / "engine", "--store", tmp_path / "s.db", "--host", "0.0.0.0")


def test_a_service_answers_until_it_is_told_to_stop_and_loses_nothing(cli, shop, tmp_path):
    cli("fit", shop, "--output", tmp_path / "engine", "--model", "sequence")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["serve", "engine", "--store", "s.db", "--port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "llm4rec.apps.cli.main", *words],
        cwd=tmp_path,
        env=os.environ | {"LLM4REC_ENCODER__NAME": "none"},
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            with Client(f"http://127.0.0.1:{port}", tries=1) as client:
                waited(client, process)
                shown = [client.recommend(user="user-0", n=2) for _ in range(20)]
        finally:
            process.send_signal(signal.SIGTERM)
        log = process.stderr.read()
        assert process.wait(30) in (0, -signal.SIGTERM), log
    lines = [json.loads(line) for line in log.splitlines()]
    assert sum(line.get("route") == "/v1/recommend" for line in lines) >= 20
    with open_store(str(tmp_path / "s.db")) as store:
        assert {one.id for one in stream(store, Impression)} >= {one.impression for one in shown}


def waited(client, process):
    until = time.monotonic() + 60
    while True:
        try:
            return client.get("models")
        except ServiceError:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < until
            time.sleep(0.1)


@pytest.mark.parametrize("file", ["Dockerfile", "compose.yaml", "llm4rec.service"])
def test_what_is_deployed_is_served_with_options_there_are(file):
    text = (DEPLOY / file).read_text(encoding="utf-8")
    (line,) = re.findall(r"^(?:CMD|\s+command:|ExecStart=)(.*\bserve\b.*)$", text, re.MULTILINE)
    words = re.findall(r'"([^"]*)"', line) if '"' in line else shlex.split(line)[1:]
    command = typer.main.get_command(app).commands["serve"]
    context = command.make_context("serve", words[words.index("serve") + 1 :])
    assert context.params["engine"].name == "engine"
    assert context.params["port"] == 8000


def test_the_image_runs_as_nobody_in_particular_and_tells_its_health():
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    user = next(place for place, line in enumerate(lines) if line == "USER llm4rec")
    assert user > max(place for place, line in enumerate(lines) if line.startswith(("COPY", "RUN")))
    assert any(line.startswith("HEALTHCHECK") for line in lines)
