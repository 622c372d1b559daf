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
_BY_NAME = frozenset({"properties", "$defs", "dependentSchemas"})
_LISTS = frozenset({"anyOf", "allOf"})
_SINGLE = frozenset({"items", "additionalProperties", "propertyNames", "unevaluatedItems", "unevaluatedProperties"})
_REFERENCE = re.compile(r"#/(?:\$defs|definitions)/([^/]+)")
_DEPTH = 100


def accepted_schema(schema: Mapping[str, Any], path: str = "schema") -> dict[str, Any]:
    """Return the schema with the keywords that the service accepts.

    `oneOf` becomes `anyOf`, `definitions` becomes `$defs`; `default` and `discriminator` are left out; every property
    is required and no others are allowed, which is what the service makes of it anyway.

    Raises:
        InvalidArgumentError: A keyword that the service cannot honour; `field` is its path.
    """
    accepted: dict[str, Any] = _accepted(_root(schema, path), path, depth=0)
    return accepted


def schema_name(schema: Mapping[str, Any]) -> str:
    """Return a name for the schema from its title, in letters, digits, `_` and `-`."""
    title = _root(schema).get("title")
    return re.sub(r"[^A-Za-z0-9_-]+", "_", title if isinstance(title, str) else "").strip("_") or "output"


def schema_description(schema: Mapping[str, Any]) -> str | None:
    """Return the schema's own description, or None."""
    description = _root(schema).get("description")
    return description if isinstance(description, str) else None


def _root(schema: Mapping[str, Any], path: str = "schema") -> dict[str, Any]:
    """Return the root with its definitions in `$defs` and, if it is only a reference to one, that one in its place."""
    root, definitions, inlined = dict(schema), dict[str, Any](), set[str]()
    for keyword in ("definitions", "$defs"):
        definitions |= _mapping(root.pop(keyword, {}), f"{path}.{keyword}")
    # What is nearer to the root wins. Put together once, at the end: a chain of references may be long.
    layers, reference = [root], root.get("$ref")
    while (name := _referenced(reference)) is not None and name not in inlined:
        inlined.add(name)
        target = definitions.get(name)
        if isinstance(target, Mapping):
            layers[-1].pop("$ref")
            layers.append(dict(target))
            reference = target.get("$ref")
    root = {keyword: content for layer in reversed(layers) for keyword, content in layer.items()}
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
            rivals = " and ".join(f"`{each}`" for each in value if _RENAMED.get(each, each) == name)
            raise InvalidArgumentError(here, f"both {rivals}", "one of the two")
        accepted[name] = _content(name, content, here, depth)
    return _closed(accepted, path) if _is_object(accepted) else accepted


def _content(keyword: str, content: object, path: str, depth: int) -> Any:  # noqa: ANN401 - any JSON, by keyword
    if keyword in _REFUSED:
        raise InvalidArgumentError(path, f"`{keyword}`, which the service does not honour", _REFUSED[keyword])
    if keyword == "$defs" and depth > 0:
        raise InvalidArgumentError(path, "definitions below the root", "`$defs` at the root")
    if keyword in _BY_NAME:
        return {name: _accepted(part, f"{path}.{name}", depth + 1) for name, part in _mapping(content, path).items()}
    if keyword in _LISTS:
        if not isinstance(content, list):
            raise InvalidArgumentError(path, f"a {type(content).__name__}", "a list of JSON Schemas")
        return [_accepted(part, f"{path}[{index}]", depth + 1) for index, part in enumerate(content)]
    if keyword in _SINGLE:
        return _accepted(content, path, depth + 1)
    if keyword == "$ref":
        return _reference(content, path)
    return content


def _mapping(content: object, path: str) -> Mapping[str, Any]:
    if not isinstance(content, Mapping):
        raise InvalidArgumentError(path, f"a {type(content).__name__}", "JSON Schemas by name")
    return content


def _referenced(content: object) -> str | None:
    """Return the name of the definition that a `$ref` means; None for any other reference."""
    match = _REFERENCE.fullmatch(content) if isinstance(content, str) else None
    return match[1] if match else None


def _reference(content: object, path: str) -> str:
    name = _referenced(content)
    if name is None:
        got = repr(content) if isinstance(content, str) else f"a {type(content).__name__}"
        raise InvalidArgumentError(path, got, "a reference to an entry of the root's `$defs`")
    return f"#/$defs/{name}"


def _is_object(schema: Mapping[str, Any]) -> bool:
    kind = schema.get("type")
    named = "properties" in schema or isinstance(schema.get("additionalProperties"), Mapping)
    return named or kind == "object" or (isinstance(kind, list) and "object" in kind)


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
