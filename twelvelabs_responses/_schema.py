"""JSON Schema -> the subset that `text.format` accepts.

The service puts every property into `required`, forbids further properties, and mishandles some keywords without a
word (API reference, July 2026). What says the same in other words is rewritten, what cannot be said is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from twelvelabs_responses._errors import InvalidArgumentError

_REFUSED = {
    "if": "no conditions; describe the cases in `anyOf`",
    "then": "no conditions; describe the cases in `anyOf`",
    "else": "no conditions; describe the cases in `anyOf`",
    "not": "what is wanted, not what is unwanted",
    "patternProperties": "properties by name",
    "contains": "`items` for every entry",
    "prefixItems": "a list of one kind (`items`), or an object with named properties instead of a tuple",
    "$dynamicRef": "`$ref` to an entry of the root's `$defs`",
}
_DROPPED = frozenset({"default", "discriminator", "$schema"})
_RENAMED = {"oneOf": "anyOf", "definitions": "$defs"}
_BY_NAME = frozenset({"properties", "$defs"})
_LISTS = frozenset({"anyOf", "allOf"})
_DEPTH = 100


def accepted_schema(schema: Mapping[str, Any], path: str = "schema") -> dict[str, Any]:
    """Return the schema with the keywords that the service accepts.

    `oneOf` becomes `anyOf`, `definitions` becomes `$defs`; `default` and `discriminator` are left out; every property
    is required and no others are allowed, which is what the service makes of it anyway.

    Raises:
        InvalidArgumentError: A keyword that the service cannot honour; `field` is its path.
    """
    root = _root(schema)
    accepted: dict[str, Any] = _accepted(root, path, depth=0)
    return accepted


def schema_name(schema: Mapping[str, Any]) -> str:
    """Return a name for the schema from its title, in letters, digits, `_` and `-`."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", str(_root(schema).get("title", ""))).strip("_") or "output"


def schema_description(schema: Mapping[str, Any]) -> str | None:
    """Return the schema's own description, or None."""
    description = _root(schema).get("description")
    return description if isinstance(description, str) else None


def _root(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the root with its definitions in `$defs` and, if it is only a reference to one, that one in its place."""
    root = dict(schema)
    definitions = {**root.pop("definitions", {}), **root.pop("$defs", {})}
    target = definitions.get(str(root.get("$ref", "")).rpartition("/")[2])
    if isinstance(target, Mapping):
        del root["$ref"]
        root = {**target, **root}
    return root | ({"$defs": definitions} if definitions else {})


def _accepted(value: object, path: str, depth: int) -> Any:  # noqa: ANN401 - a schema may be true or false as well
    if isinstance(value, bool):
        return value
    if not isinstance(value, Mapping):
        raise InvalidArgumentError(path, f"a {type(value).__name__}", "a JSON Schema")
    if depth > _DEPTH:
        raise InvalidArgumentError(path, f"more than {_DEPTH} levels", "fewer; the service advises five at most")
    accepted: dict[str, Any] = {}
    for keyword, content in value.items():
        if keyword in _DROPPED:
            continue
        name = str(_RENAMED.get(keyword, keyword))
        here = f"{path}.{keyword}"
        if name in accepted:
            raise InvalidArgumentError(here, f"both `{keyword}` and `{name}`", "one of the two")
        accepted[name] = _content(name, content, here, depth)
    return _closed(accepted, path) if _is_object(accepted) else accepted


def _content(keyword: str, content: object, path: str, depth: int) -> Any:  # noqa: ANN401 - any JSON, by keyword
    if keyword in _REFUSED:
        raise InvalidArgumentError(path, f"`{keyword}`, which the service does not honour", _REFUSED[keyword])
    if keyword == "$defs" and depth > 0:
        raise InvalidArgumentError(path, "definitions below the root", "`$defs` at the root")
    if keyword in _BY_NAME and isinstance(content, Mapping):
        return {name: _accepted(part, f"{path}.{name}", depth + 1) for name, part in content.items()}
    if keyword in _LISTS and isinstance(content, list):
        return [_accepted(part, f"{path}[{index}]", depth + 1) for index, part in enumerate(content)]
    if keyword == "items":
        return _accepted(content, path, depth + 1)
    if keyword == "$ref":
        return _reference(content, path)
    return content


def _reference(content: object, path: str) -> str:
    match = re.fullmatch(r"#/(?:\$defs|definitions)/([^/]+)", str(content))
    if match is None:
        raise InvalidArgumentError(path, repr(content), "a reference to an entry of the root's `$defs`")
    return f"#/$defs/{match[1]}"


def _is_object(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    return "properties" in schema or kind == "object" or (isinstance(kind, list) and "object" in kind)


def _closed(schema: dict[str, Any], path: str) -> dict[str, Any]:
    """Return the object's schema with every property required and no others allowed."""
    if isinstance(schema.get("additionalProperties"), Mapping) or (
        not schema.get("properties") and not schema.keys() & {"anyOf", "allOf", "$ref"}
    ):
        raise InvalidArgumentError(
            path,
            "an object whose properties have no names",
            "named properties, or a list of objects with key and value",
        )
    if not schema.get("properties"):
        return schema
    return schema | {"required": list(schema["properties"]), "additionalProperties": False}
