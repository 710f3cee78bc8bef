"""Does a value fit a JSON schema? The part of JSON Schema that answers of language models need; knows no models.

A keyword that is not known here is refused, never ignored: a promise that nobody checks is none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from llm4rec.core import SettingsError, suggest

Schema = Mapping[str, Any]

# They say what a value means and refuse none; "format" is one of them by the standard.
_SAY_NOTHING = {
    "title",
    "description",
    "default",
    "examples",
    "format",
    "$schema",
    "$id",
    "$comment",
    "$defs",
}
_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
_LIMITS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "minimum": (lambda value, limit: value >= limit, "is below"),
    "maximum": (lambda value, limit: value <= limit, "is above"),
    "exclusiveMinimum": (lambda value, limit: value > limit, "is not above"),
    "exclusiveMaximum": (lambda value, limit: value < limit, "is not below"),
}


def check_schema(schema: Schema) -> None:
    """SettingsError names the keyword that cannot be checked, an unknown type or a reference to nothing."""
    if not isinstance(schema, Mapping):
        raise SettingsError(f"a schema is a JSON schema as a mapping, not {type(schema).__name__}")
    known = {*_SAY_NOTHING, *_LIMITS, "type", "$ref"}.union(*(keywords for keywords, _ in _CHECKS))
    for part in _parts(schema):
        for keyword in part:
            if keyword not in known:
                raise SettingsError(
                    f"JSON schema: keyword {keyword!r} is not checked here{suggest(keyword, known)}; leave it out"
                )
        for name in _as_list(part.get("type", [])):
            if name not in _TYPES:
                raise SettingsError(f"JSON schema: no type {name!r}{suggest(name, _TYPES)}")
        if "enum" in part and (not isinstance(part["enum"], list | tuple) or not part["enum"]):
            raise SettingsError("JSON schema: 'enum' is a list of at least one allowed value")
        _followed(part, schema)


def _parts(schema: Any) -> Iterator[Schema]:
    """The schema and every schema inside it."""
    if not isinstance(schema, Mapping):
        return
    yield schema
    inner = [schema.get("items"), schema.get("additionalProperties")]
    inner += [part for key in ("properties", "$defs") for part in schema.get(key, {}).values()]
    inner += [part for key in ("anyOf", "allOf") for part in schema.get(key, [])]
    for part in inner:
        yield from _parts(part)


def _followed(schema: Schema, root: Schema) -> Schema:
    """The schema behind "$ref", inside the same document only: nothing is fetched."""
    seen: set[str] = set()
    while "$ref" in schema:
        name = str(schema["$ref"])
        start, _, key = name.rpartition("/")
        found = root if name == "#" else root.get("$defs", {}).get(key) if start == "#/$defs" else None
        if not isinstance(found, Mapping) or name in seen:
            raise SettingsError(f"JSON schema: '$ref' {name!r} leads nowhere; it is '#' or '#/$defs/NAME'")
        seen.add(name)
        schema = found
    return schema


def problems(value: Any, schema: Schema) -> list[str]:
    """What is wrong with the value, one line each, with its place; nothing if it fits."""
    return list(_problems(value, schema, schema, "$"))


def _problems(value: Any, schema: Schema, root: Schema, place: str) -> Iterator[str]:
    schema = _followed(schema, root)
    kinds = _as_list(schema.get("type", []))
    if kinds and not any(_TYPES[kind](value) for kind in kinds):
        yield f"{place} is {short(value)}, not of type {' or '.join(kinds)}"
        return
    for keywords, check in _CHECKS:
        if not keywords.isdisjoint(schema):
            yield from check(value, schema, root, place)
    for keyword, (holds, says) in _LIMITS.items():
        if keyword in schema and _is_number(value) and not holds(value, schema[keyword]):
            yield f"{place} = {short(value)} {says} {schema[keyword]}"


def _enum(value: Any, schema: Schema, root: Schema, place: str) -> Iterator[str]:
    allowed = schema["enum"]
    if not any(_same(value, other) for other in allowed):
        few = ", ".join(short(other) for other in allowed[:8]) + (", …" if len(allowed) > 8 else "")
        near = suggest(value, allowed) if isinstance(value, str) else ""
        yield f"{place} is {short(value)}, which is none of the {len(allowed)} allowed values: {few}{near}"


def _const(value: Any, schema: Schema, root: Schema, place: str) -> Iterator[str]:
    if not _same(value, schema["const"]):
        yield f"{place} is {short(value)}, not {short(schema['const'])}"


def _members(value: Any, schema: Schema, root: Schema, place: str) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    known = schema.get("properties", {})
    for name in schema.get("required", []):
        if name not in value:
            yield f"{place} lacks {name!r}"
    more = schema.get("additionalProperties", True)
    for name, inner in value.items():
        if name in known:
            yield from _problems(inner, known[name], root, f"{place}.{name}")
        elif more is False:
            yield f"{place} has {short(name)}, which is not asked for{suggest(name, known)}"
        elif isinstance(more, Mapping):
            yield from _problems(inner, more, root, f"{place}.{name}")


def _elements(value: Any, schema: Schema, root: Schema, place: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _problems(inner, schema["items"], root, f"{place}[{index}]")


def _unique(value: Any, schema: Schema, root: Schema, place: str) -> Iterator[str]:
    if schema["uniqueItems"] and isinstance(value, list):
        seen: set[str] = set()
        for index, inner in enumerate(value):
            if _key(inner) in seen:
                yield f"{place}[{index}] repeats {short(inner)}"
            seen.add(_key(inner))


def _length(value: Any, schema: Schema, root: Schema, place: str) -> Iterator[str]:
    kind = "Items" if isinstance(value, list) else "Length" if isinstance(value, str) else None
    if kind is None:
        return
    least, most = schema.get(f"min{kind}", 0), schema.get(f"max{kind}", len(value))
    if not least <= len(value) <= most:
        yield f"{place} has {len(value)} {'elements' if kind == 'Items' else 'characters'}, not {least} to {most}"


def _any_of(value: Any, schema: Schema, root: Schema, place: str) -> Iterator[str]:
    found = [list(_problems(value, part, root, place)) for part in schema["anyOf"]]
    if all(found):
        yield from min(found, key=len)


def _all_of(value: Any, schema: Schema, root: Schema, place: str) -> Iterator[str]:
    for part in schema["allOf"]:
        yield from _problems(value, part, root, place)


_CHECKS: tuple[tuple[frozenset[str], Callable[[Any, Schema, Schema, str], Iterator[str]]], ...] = (
    (frozenset({"enum"}), _enum),
    (frozenset({"const"}), _const),
    (frozenset({"properties", "required", "additionalProperties"}), _members),
    (frozenset({"items"}), _elements),
    (frozenset({"uniqueItems"}), _unique),
    (frozenset({"minItems", "maxItems", "minLength", "maxLength"}), _length),
    (frozenset({"anyOf"}), _any_of),
    (frozenset({"allOf"}), _all_of),
)


def is_closed(schema: Schema) -> bool:
    """Whether every object names all its members and allows no others, as strict structured output demands."""
    for part in _parts(schema):
        if "properties" in part or "object" in _as_list(part.get("type", [])):
            names = part.get("properties", {})
            if part.get("additionalProperties", True) is not False or set(part.get("required", [])) != set(
                names
            ):
                return False
    return True


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _same(one: Any, other: Any) -> bool:
    return _key(one) == _key(other)


def _key(value: Any) -> str:
    """Equal for values that are equal in JSON: true is not 1, and 1 is 1.0."""
    return json.dumps(_plain(value), sort_keys=True)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def short(value: Any, most: int = 80) -> str:
    """A value for a message: one line, not long."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"
