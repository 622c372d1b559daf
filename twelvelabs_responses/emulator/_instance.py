"""A value that keeps to a JSON Schema (Draft 2020-12, the part the API reference supports), made without a model."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle, islice, product
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"
_Schema: TypeAlias = Mapping[str, object]

# From small to large: where a schema refers to itself, the smallest value ends it.
_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_COMPOUND = frozenset(("$ref", "allOf", "anyOf", "const"))
# The keyword that tells the type where a schema does not name it.
_TYPE_OF = {"properties": "object", "required": "object", "items": "array", "minItems": "array", "maxItems": "array"}
_TYPE_OF |= dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"), "number")
_FORMATS = {
    "date": "2025-06-14",
    "date-time": "2025-06-14T18:30:00Z",
    "time": "18:30:00Z",
    "duration": "PT90S",
    "uri": "https://example.com/clips/1",
    "email": "someone@example.com",
    "uuid": "0b6e1c52-6f0c-4d1b-9a39-3c1de5a5b7f4",
}
_TIME_NAME = re.compile(r"start|end|sec|time", re.IGNORECASE)
_GROUP = re.compile(r"(?<!\\)\((?:\?:)?((?:\\.|[^()\\])*)\)(\{\d+(?:,\d*)?\}|[*+?])?")
_ATOM = re.compile(r"(\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[^\\])(\{\d+(?:,\d*)?\}|[*+?])?", re.DOTALL)
_ALTERNATIVE = re.compile(r"(?<!\\)\|")
_WIDTHLESS = frozenset(("^", "$", r"\b", r"\B", r"\A", r"\Z"))
# What is larger is no limit at all, and arithmetic with it would fail.
_LARGEST = 1e300
_MOST_VALUES = 5000
_MOST_REPEATS = 1000
_MOST_NESTED = 6
_MOST_ALTERNATIVES = 64


def instance_of(schema: Mapping[str, object], *, texts: Sequence[str], times: Sequence[float] = ()) -> JSON:
    """Return a value that validates against the schema; every property it names is there.

    Args:
        schema: Keywords outside the supported part are ignored, and so is what is not a schema at all.
        texts: What free strings say, one after the other and round again.
        times: What numbers say whose names speak of a start, an end, seconds or a time, in the same way.
    """
    return _Maker(schema, texts or ("sample",), times).value(_Option(schema))


@dataclass(frozen=True, slots=True)
class _Option:
    """A schema, the references followed to get there, and the name of its property."""

    schema: object
    trail: tuple[str, ...] = ()
    name: str = ""

    @property
    def repeats(self) -> int:
        return len(self.trail) - len(set(self.trail))

    def to(self, schema: object, name: str = "") -> _Option:
        return _Option(schema, self.trail, name or self.name)


class _Maker:
    def __init__(self, root: _Schema, texts: Sequence[str], times: Sequence[float]) -> None:
        self._root = root
        self._texts = cycle(texts)
        self._times = cycle(times or (1,))
        # A few references can spell out a value of any size.
        self._left = _MOST_VALUES

    def value(self, option: _Option) -> JSON:
        flats = list(islice(self._flats(option), _MOST_ALTERNATIVES))
        if not flats:
            return None
        best = min(flats, key=_preference)
        flat = _keywords(best)
        if "enum" in flat:
            return _array(flat, "enum")[0]
        match _type(flat):
            case "object":
                return self._object(best, flat)
            case "array":
                return [self.value(best.to(flat.get("items", True))) for _ in range(_length(flat, best.repeats))]
            case kind:
                return self._scalar(best, flat, kind)

    def _scalar(self, option: _Option, flat: _Schema, kind: str) -> JSON:
        if kind == "string":
            return _string(flat, next(self._texts))
        if kind in {"integer", "number"}:
            return _number(flat, next(self._times) if _TIME_NAME.search(option.name) else 1)
        return True if kind == "boolean" else None

    def _object(self, option: _Option, flat: _Schema) -> JSON:
        properties = _mapping(flat, "properties")
        required = [name for name in _array(flat, "required") if isinstance(name, str)]
        # What never ends when every property is there may end without those the schema itself does not require.
        names = required if option.repeats >= _MOST_NESTED // 2 else [*properties, *required]
        return {name: self.value(option.to(properties.get(name, True), name)) for name in dict.fromkeys(names)}

    def _flats(self, option: _Option) -> Iterator[_Option]:
        """Yield the ways to keep to a schema, each without references and without choices."""
        self._left -= 1
        schema = {} if option.schema is True else option.schema
        if self._left < 0 or option.repeats > _MOST_NESTED or not isinstance(schema, Mapping):
            return
        parts = [[option.to(flat) for flat in _typed(schema)]]
        parts += [list(self._flats(option.to(part))) for part in _array(schema, "allOf")]
        if "anyOf" in schema:
            parts.append([flat for part in _array(schema, "anyOf") for flat in self._flats(option.to(part))])
        if isinstance(reference := schema.get("$ref"), str):
            followed = _Option(self._target(reference), (*option.trail, reference), option.name)
            parts.append(list(self._flats(followed)))
        for combination in product(*parts):
            merged = _merged([_keywords(part) for part in combination])
            if merged is not None:
                yield _Option(merged, max((part.trail for part in combination), key=len), option.name)

    def _target(self, reference: str) -> object:
        target: object = self._root
        for step in reference.split("/")[1:]:
            target = target.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(target, Mapping) else None
        return target


def _preference(option: _Option) -> tuple[int, int]:
    kind = _type(_keywords(option))
    return (option.repeats, _TYPES.index(kind) if option.repeats else kind == "null")


def _keywords(option: _Option) -> _Schema:
    return option.schema if isinstance(option.schema, Mapping) else {}


def _mapping(schema: _Schema, keyword: str) -> _Schema:
    value = schema.get(keyword)
    return value if isinstance(value, Mapping) else {}


def _array(schema: _Schema, keyword: str) -> list[JSON]:
    value = schema.get(keyword)
    return value if isinstance(value, list) else []


def _limit(schema: _Schema, keyword: str, otherwise: float) -> float:
    value = schema.get(keyword)
    return value if isinstance(value, (int, float)) and abs(value) < _LARGEST else otherwise


def _type(flat: _Schema) -> str:
    named = flat.get("type") or next((kind for keyword, kind in _TYPE_OF.items() if keyword in flat), "string")
    return named if isinstance(named, str) and named in _TYPES else "string"


def _typed(schema: _Schema) -> Iterator[_Schema]:
    """Yield the schema's own keywords, once for each type it allows."""
    own: dict[str, object] = {keyword: value for keyword, value in schema.items() if keyword not in _COMPOUND}
    if "const" in schema:
        own["enum"] = [schema["const"]]
    kinds: list[object] = [*_array(schema, "type")] or [schema.get("type")]
    for kind in kinds:
        flat = own | {"type": kind} if kind else own
        if "enum" not in flat:
            yield flat
        elif values := [value for value in _array(flat, "enum") if not kind or _is(value, str(kind))]:
            yield flat | {"enum": values}


def _is(value: JSON, kind: str) -> bool:
    match value:
        case None:
            return kind == "null"
        case bool():
            return kind == "boolean"
        case int():
            return kind in {"integer", "number"}
        case float():
            return kind == "number" or (kind == "integer" and value.is_integer())
        case str():
            return kind == "string"
        case _:
            return kind == ("array" if isinstance(value, list) else "object")


def _merged(parts: list[_Schema]) -> _Schema | None:
    """Return one schema that asks for all that the parts ask for, or None if nothing can satisfy it."""
    merged: dict[str, object] = {}
    for part in parts:
        for keyword, value in part.items():
            merged[keyword] = _both(keyword, merged[keyword], value) if keyword in merged else value
    kind = merged.get("type")
    if "enum" in merged:
        values = [value for value in _array(merged, "enum") if kind is None or _is(value, str(kind))]
        return merged | {"enum": values} if values and kind != "" else None
    return None if kind == "" else merged


def _both(keyword: str, one: object, other: object) -> object:
    """Return what a keyword says in a schema that asks for two at once; where that is not clear, the first."""
    both = one
    match keyword, one, other:
        case "type", _, _ if one != other:
            # An integer is a number; no other two types have a value in common.
            both = "integer" if (one, other) in (("integer", "number"), ("number", "integer")) else ""
        case "enum", list(), list():
            both = [value for value in one if value in other]
        case "required", list(), list():
            both = one + other
        case "properties", Mapping(), Mapping():
            both = {**one, **other, **{name: {"allOf": [one[name], other[name]]} for name in one.keys() & other.keys()}}
        case "items", _, _:
            both = {"allOf": [one, other]}
        case "minimum" | "exclusiveMinimum" | "minItems" | "minLength", int() | float(), int() | float():
            both = max(one, other)
        case "maximum" | "exclusiveMaximum" | "maxItems" | "maxLength", int() | float(), int() | float():
            both = min(one, other)
        case "multipleOf", int(), int() if one and other:
            both = math.lcm(one, other)
    return both


def _length(flat: _Schema, repeats: int) -> int:
    wish = 0 if repeats else 1 if flat.get("uniqueItems") else 2
    return int(
        min(max(wish, _limit(flat, "minItems", 0)), _limit(flat, "maxItems", wish + _MOST_REPEATS), _MOST_REPEATS)
    )


def _number(flat: _Schema, wish: float) -> float:
    """Return a number that the limits allow: `wish`, or one close to it."""
    low = max(_limit(flat, "minimum", -math.inf), _limit(flat, "exclusiveMinimum", -math.inf))
    high = min(_limit(flat, "maximum", math.inf), _limit(flat, "exclusiveMaximum", math.inf))
    close = min(max(wish, low), high)
    step = _limit(flat, "multipleOf", 0) or 1
    ratio = close / step if math.isfinite(close / step) else 0
    around = [(math.floor(ratio) + count) * step for count in range(-20, 21)]
    candidates = (wish, close, (low + high) / 2, *sorted(around, key=lambda number: abs(number - close)))
    allowed = next((number for number in candidates if _allowed(flat, number)), close)
    return int(allowed) if flat.get("type") == "integer" else allowed


def _allowed(flat: _Schema, number: float) -> bool:
    step = _limit(flat, "multipleOf", 0)
    return (
        _limit(flat, "minimum", -math.inf) <= number <= _limit(flat, "maximum", math.inf)
        and _limit(flat, "exclusiveMinimum", -math.inf) < number < _limit(flat, "exclusiveMaximum", math.inf)
        and (number % 1 == 0 or flat.get("type") != "integer")
        and (not step or (number / step) % 1 == 0)
    )


def _string(flat: _Schema, text: str) -> str:
    least = int(min(_limit(flat, "minLength", 0), _MOST_REPEATS))
    most = _limit(flat, "maxLength", math.inf)
    candidates = [_FORMATS.get(str(flat.get("format")), "")]
    if isinstance(pattern := flat.get("pattern"), str):
        candidates += [_matching(pattern, 1), _matching(pattern, least)]
    for candidate in candidates:
        if candidate and least <= len(candidate) <= most:
            return candidate
    while len(text) < least:
        text = f"{text} {text}"
    return text if len(text) <= most else text[: int(most)]


def _matching(pattern: str, repeats: int) -> str:
    """Return a string that matches a simple pattern, or nothing."""
    whole = pattern
    try:
        while (group := _GROUP.search(pattern)) and len(pattern) < _MOST_REPEATS:
            inner = _ALTERNATIVE.split(group[1])[0] * _count(group[2] or "{1}", 0)
            pattern = pattern[: group.start()] + inner + pattern[group.end() :]
        atoms = _ATOM.findall(_ALTERNATIVE.split(pattern)[0])
        made = "".join(_character(atom) * _count(quantifier or "{1}", repeats) for atom, quantifier in atoms)
        return made if re.search(whole, made) else ""
    except (re.error, ValueError, OverflowError):
        return ""


def _count(quantifier: str, repeats: int) -> int:
    numbers = re.findall(r"\d{1,9}", quantifier)
    least = int(numbers[0]) if numbers else int(quantifier == "+")
    most = least if quantifier.endswith(("}", "?")) and not quantifier.endswith(",}") else _MOST_REPEATS
    return min(max(least, repeats), most, _MOST_REPEATS)


def _character(atom: str) -> str:
    if atom in _WIDTHLESS:
        return ""
    return next((character for character in f"a7A{atom}- " if re.fullmatch(atom, character)), "")
