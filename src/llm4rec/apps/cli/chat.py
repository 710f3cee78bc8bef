"""`llm4rec chat`: a conversation with an engine, a line a message; piped lines do as well as a keyboard."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from llm4rec.apps.cli.engine import Where
from llm4rec.apps.cli.options import SettingsFile

if TYPE_CHECKING:
    from llm4rec.engine import Engine

HELP = (
    "/undo takes the last thing back, /memory shows what is remembered, /forget 2,3 removes it, /quit ends."
)


def chat(  # noqa: PLR0913, PLR0917 - one parameter an option
    engine: Where,
    user: Annotated[
        str | None, typer.Option("--user", help="A user id; without one, a newcomer speaks.")
    ] = None,
    language: Annotated[
        str, typer.Option("--language", help="en, zh or auto: that of each message.")
    ] = "auto",
    n: Annotated[int | None, typer.Option("-n", min=1, help="Items a list; default: chat.n.")] = None,
    answers: Annotated[
        Path | None, typer.Option("--answers", help="Prepared answers to questions; default: chat.answers.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="Keep the conversation here, and go on from it.")
    ] = None,
    settings_file: SettingsFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print each reply as a line of JSON.")] = False,
) -> None:
    """Talk with an engine: it recommends, asks, takes remarks, answers about items and explains."""
    from llm4rec.apps.cli.screen import say

    given = {"n": n, "answers": None if answers is None else str(answers)}
    opened = _opened(
        engine, settings_file, {name: value for name, value in given.items() if value is not None}
    )
    dialogue = _begun(file)
    if sys.stdin.isatty():
        say(HELP)
    for line in _lines():
        if line.strip() in ("/quit", "/exit"):
            break
        dialogue = _answered(opened, line, dialogue, {"user": user, "language": language}, json)
        if file is not None:
            _keep(file, dialogue)


def _opened(folder: Path, settings_file: Path | None, given: dict[str, Any]) -> Engine:
    """The engine, led as this machine's settings say: a folder says neither that nor which language model helps."""
    from llm4rec.engine import Engine, read_settings

    here = read_settings(settings_file, flags={f"chat.{name}": value for name, value in given.items()})
    opened = Engine.load(folder)
    opened.settings = opened.settings.model_copy(
        update={"generator": here.generator, "ask": here.ask, "chat": here.chat}
    )
    return opened


def _lines() -> Iterator[str]:
    """Lines of standard input, whatever bytes they hold."""
    stream = sys.stdin
    while True:
        if stream.isatty():
            typer.echo("> ", nl=False, err=True)
        line = stream.readline()
        if not line:
            return
        yield line.rstrip("\r\n")


def _answered(engine: Engine, line: str, dialogue: Any, who: dict[str, Any], json: bool) -> Any:
    """One message answered on standard output; the conversation after it."""
    from llm4rec.apps.cli.screen import say
    from llm4rec.core import SettingsError

    if line.startswith("/"):
        try:
            return _commanded(line, dialogue)
        except SettingsError as error:
            say(str(error))
            return dialogue
    reply = engine.chat(line, dialogue, year=time.gmtime().tm_year, **who)
    typer.echo(_as_line(reply) if json else reply.text + "\n")
    for note in reply.degraded:
        say(f"note: {note}")
    return reply.dialogue


def _commanded(line: str, dialogue: Any) -> Any:
    """What a line that begins with "/" does; SettingsError where there is no such command or no such id."""
    from llm4rec.core import SettingsError

    name, _, rest = line.partition(" ")
    if name == "/memory":
        typer.echo(_memory(dialogue))
        return dialogue
    if name == "/undo":
        typer.echo(_memory(dialogue.undone()))
        return dialogue.undone()
    if name == "/forget" and (ids := [part.strip() for part in rest.split(",")]):
        if not all(part.isdecimal() for part in ids):
            raise SettingsError(f"/forget {rest}: give numbers that /memory shows, parted by commas")
        changed = dialogue.without(*(int(part) for part in ids))
        typer.echo(_memory(changed))
        return changed
    raise SettingsError(f"there is no {name!r} here. {HELP}")


def _memory(dialogue: Any) -> str:
    """What is remembered, a line each, under its id."""
    return str(dialogue) or "nothing is remembered"


def _as_line(reply: Any) -> str:
    import json
    from dataclasses import asdict

    told = {
        "act": reply.act,
        "text": reply.text,
        "question": reply.question,
        "answer": asdict(reply.answer),
        "evidence": list(reply.evidence),
        "degraded": list(reply.degraded),
        "dialogue": reply.dialogue.model_dump(mode="json"),
    }
    return json.dumps(told, ensure_ascii=False, allow_nan=False)


def _begun(file: Path | None) -> Any:
    """The conversation of a file, or a new one."""
    from llm4rec.engine.chatting import dialogue_of

    return dialogue_of(file.read_bytes() if file is not None and file.is_file() else None)


def _keep(file: Path, dialogue: Any) -> None:
    """Written beside its place, then renamed: a kill leaves the one before."""
    beside = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    beside.write_text(dialogue.to_json(), encoding="utf-8")
    beside.replace(file)
