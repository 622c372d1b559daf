"""Typed answers by the service's own JSON Schema support, in place of LlamaIndex's schema in the prompt."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # passed on, not listed
from llama_index.core.instrumentation.events.llm import (
    LLMStructuredPredictEndEvent,
    LLMStructuredPredictInProgressEvent,
    LLMStructuredPredictStartEvent,
)
from llama_index.core.llms.llm import LLM
from pydantic import BaseModel
from pydantic_core import from_json

from llama_index_twelvelabs._closing import aclosing_once
from twelvelabs_responses import InvalidArgumentError, Response, text_param

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from llama_index.core.base.llms.types import ChatMessage, ChatResponse
    from llama_index.core.prompts import BasePromptTemplate

dispatcher = get_dispatcher(__name__)
ModelT = TypeVar("ModelT", bound=BaseModel)
# The span in which a stream was asked for has ended when it is read, and that of its reader is not meant.
_NO_SPAN = None


def object_format(output_cls: object) -> dict[str, Any]:
    """Return the `text` option that asks for an object of a model.

    Raises:
        InvalidArgumentError: It is no pydantic model, or its schema is one that the service cannot honour.
    """
    if not (isinstance(output_cls, type) and issubclass(output_cls, BaseModel)):
        got = output_cls.__name__ if isinstance(output_cls, type) else f"a {type(output_cls).__name__}"
        raise InvalidArgumentError("output_cls", got, "a pydantic model")
    return text_param(output_cls)


class StructuredPrediction(LLM):
    """The ways of LlamaIndex to ask an LLM for an object; `as_structured_llm` and its relatives stand on them.

    Args and results are LlamaIndex's. `llm_kwargs` are options of `chat`.

    Raises:
        InvalidArgumentError: A schema that the service cannot honour; `field` is its path, nothing was sent.
        IncompleteResponseError: The answer was cut short; `text` is what had come.
        ProtocolError: The answer holds no JSON that fits the model.
    """

    @dispatcher.span
    def structured_predict(
        self,
        output_cls: type[ModelT],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> ModelT:
        """Return the answer as an object."""
        messages = self._asked(output_cls, prompt, prompt_args)
        answer = self.chat(messages, **(llm_kwargs or {}), text=object_format(output_cls))
        output = _output(answer, output_cls)
        dispatcher.event(LLMStructuredPredictEndEvent(output=output))
        return output

    @dispatcher.span
    async def astructured_predict(
        self,
        output_cls: type[ModelT],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> ModelT:
        """Return the answer as an object."""
        messages = self._asked(output_cls, prompt, prompt_args)
        answer = await self.achat(messages, **(llm_kwargs or {}), text=object_format(output_cls))
        output = _output(answer, output_cls)
        dispatcher.event(LLMStructuredPredictEndEvent(output=output))
        return output

    @dispatcher.span
    def stream_structured_predict(
        self,
        output_cls: type[ModelT],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[ModelT, None, None]:
        """Return the object as it grows, from when it fits the model on; the last one is the whole answer.

        The request has been sent when this returns.
        """
        messages = self._asked(output_cls, prompt, prompt_args)
        answers = self.stream_chat(messages, **(llm_kwargs or {}), text=object_format(output_cls))
        return _objects(answers, Partial(output_cls))

    @dispatcher.span
    async def astream_structured_predict(
        self,
        output_cls: type[ModelT],
        prompt: BasePromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[ModelT, None]:
        """Return what `stream_structured_predict` returns."""
        messages = self._asked(output_cls, prompt, prompt_args)
        answers = await self.astream_chat(messages, **(llm_kwargs or {}), text=object_format(output_cls))
        return _aobjects(answers, Partial(output_cls))

    def _asked(
        self, output_cls: type[BaseModel], prompt: BasePromptTemplate, prompt_args: dict[str, Any]
    ) -> list[ChatMessage]:
        dispatcher.event(
            LLMStructuredPredictStartEvent(output_cls=output_cls, template=prompt, template_args=prompt_args)
        )
        return self._get_messages(prompt, **prompt_args)


class Partial(Generic[ModelT]):
    """An object as its JSON arrives.

    Args:
        output_cls: What it is to be.
    """

    def __init__(self, output_cls: type[ModelT]) -> None:
        self._output_cls = output_cls
        self._told: ModelT | None = None
        self._last: ChatResponse | None = None

    def more(self, answer: ChatResponse) -> list[ModelT]:
        """Return the object that the text so far makes, none if it fits the model no more or no better than before."""
        self._last = answer
        try:
            grown = self._output_cls.model_validate(from_json(answer.message.content or "", allow_partial=True))
        except ValueError:
            # Not JSON yet, or in a fence, or not enough of it: `whole` reads it when it has come.
            return []
        if grown == self._told:
            return []
        self._told = grown
        dispatcher.event(LLMStructuredPredictInProgressEvent(output=grown, span_id=_NO_SPAN))
        return [grown]

    def whole(self) -> list[ModelT]:
        """Return the whole object, none if it has been told already."""
        assert self._last is not None  # noqa: S101 - a stream that ends without its last chat response raises
        whole = _output(self._last, self._output_cls)
        dispatcher.event(LLMStructuredPredictEndEvent(output=whole, span_id=_NO_SPAN))
        return [] if whole == self._told else [whole]


def _objects(answers: Generator[ChatResponse, None, None], partial: Partial[ModelT]) -> Generator[ModelT, None, None]:
    with closing(answers):
        for answer in answers:
            yield from partial.more(answer)
    yield from partial.whole()


async def _aobjects(
    answers: AsyncGenerator[ChatResponse, None], partial: Partial[ModelT]
) -> AsyncGenerator[ModelT, None]:
    async with aclosing_once(answers):
        async for answer in answers:
            for grown in partial.more(answer):
                yield grown
    for grown in partial.whole():
        yield grown


def _output(answer: ChatResponse, output_cls: type[ModelT]) -> ModelT:
    return Response.model_validate(answer.raw).parsed(output_cls)
