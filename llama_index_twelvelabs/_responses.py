"""LlamaIndex's whole responses, with what they lack: a session, and a form to be stored in.

LlamaIndex and those who trace it know its four responses by `isinstance`, so ours are subclasses.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from llama_index.core.base.response.schema import (
    PydanticResponse,
    Response,
)
from llama_index.core.schema import NodeWithScore, TextNode
from pydantic import BaseModel, ValidationError
from pydantic_core import to_jsonable_python

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Self

# Stored under the name that users import, so that what is stored outlives a move of this module.
PUBLIC_NAME = "llama_index_twelvelabs"


class Storable:
    """What the four have in common; a workflow's context stores what has `class_name`, `to_dict` and `from_dict`."""

    source_nodes: list[NodeWithScore]
    metadata: dict[str, Any] | None

    @property
    def session_id(self) -> str | None:
        """The session to go on with: `engine.with_session(response.session_id)`."""
        session_id: str | None = (self.metadata or {}).get("session_id")
        return session_id

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex writes the class down."""
        return cls.__name__

    def to_dict(self) -> dict[str, Any]:
        """Return the response as JSON values.

        Raises:
            RuntimeError: It is a stream that has not been read to its end.
            ResponsesError: It is a stream that ended too early; the error is the one that ended it.
            TypeError: Its object is of a class that was made inside a function, so that it cannot be found again, or
                that does not take back what it writes.
        """
        nodes = [{"node": found.node.to_dict(), "score": found.score} for found in self.source_nodes]
        written: dict[str, Any] = to_jsonable_python(
            {
                "response": self._content(),
                "source_nodes": nodes,
                "metadata": self.metadata,
                "class_name": self.class_name(),
            }
        )
        return written

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the response that `to_dict` has written; a stream comes back as one that has been read."""
        # `NodeWithScore.from_dict` would make a node of no class.
        nodes = [
            NodeWithScore(node=TextNode.from_dict(found["node"]), score=found["score"])
            for found in data["source_nodes"]
        ]
        return cls._restored(data["response"], nodes, data["metadata"])

    def _content(self) -> Any:
        raise NotImplementedError

    @classmethod
    def _restored(cls, content: Any, nodes: list[NodeWithScore], metadata: dict[str, Any] | None) -> Self:
        raise NotImplementedError


class TwelveLabsResponse(Storable, Response):
    """A whole answer: `response` is its text, `source_nodes` what it cites, `metadata` what else is known of it."""

    __module__ = PUBLIC_NAME

    def __str__(self) -> str:
        """Return the text, which may be empty."""
        return self.response or ""

    def _content(self) -> str | None:
        return self.response

    @classmethod
    def _restored(cls, content: str | None, nodes: list[NodeWithScore], metadata: dict[str, Any] | None) -> Self:
        return cls(content, nodes, metadata)


class TwelveLabsPydanticResponse(Storable, PydanticResponse):
    """An answer as an object of the engine's `output_cls`: `response` is the object; its fields can be read off this.

    Stored as JSON, it comes back where the object's class has been imported.
    """

    __module__ = PUBLIC_NAME

    def __getattr__(self, name: str) -> Any:
        """Return a field of the object."""
        answer = self.__dict__.get("response")
        # LlamaIndex's own gives None for any name, so that pickle and others find methods where there are none.
        if answer is None or name not in {*type(answer).model_fields, *(answer.model_extra or ())}:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
        return getattr(answer, name)

    def get_response(self) -> TwelveLabsResponse:
        """Return the same with the object's JSON as its text."""
        return TwelveLabsResponse(str(self), self.source_nodes, self.metadata)

    def _content(self) -> dict[str, Any] | None:
        if self.response is None:
            return None
        kind = type(self.response)
        name = f"{kind.__module__}:{kind.__qualname__}"
        if _model(name) is not kind:
            raise TypeError(f"{name} cannot be stored: define it at the top of a module, so that it is found again")
        fields = self.response.model_dump(mode="json", by_alias=True, round_trip=True)
        try:
            kind.model_validate(fields)
        except ValidationError as error:
            # Heard now, as what is stored may be all that is left of the answer.
            raise TypeError(
                f"{name} cannot be stored: it does not take back what it writes, under its aliases"
            ) from error
        return {"class": name, "fields": fields}

    @classmethod
    def _restored(
        cls, content: dict[str, Any] | None, nodes: list[NodeWithScore], metadata: dict[str, Any] | None
    ) -> Self:
        if content is None:
            return cls(None, nodes, metadata)
        model = _model(content["class"])
        if model is None:
            raise TypeError(f"{content['class']} is no model that has been imported; import its module first")
        return cls(model.model_validate(content["fields"]), nodes, metadata)


def _model(name: str) -> type[BaseModel] | None:
    """Return the model of this name, if its module has been imported: what was stored must not import anything."""
    module, _, path = name.partition(":")
    found: object = sys.modules.get(module)
    for step in path.split("."):
        found = getattr(found, step, None)
    return found if isinstance(found, type) and issubclass(found, BaseModel) else None
