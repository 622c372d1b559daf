"""What all have in common that ask a `TwelveLabsLLM`: its options, its connections, a pickle that holds no key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

from llama_index.core.callbacks import CallbackManager

from llama_index_twelvelabs.llms import TwelveLabsLLM
from twelvelabs_responses import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from typing_extensions import Self, Unpack

    from llama_index_twelvelabs._listeners import Listener
    from twelvelabs_responses import (
        AsyncClient,
        AsyncStream,
        Client,
        OnStaleSession,
        Selection,
        Stream,
    )


# What a client that is given has already.
_OF_A_CLIENT = ("api_key", "base_url", "timeout", "max_retries")


class LLMOptions(TypedDict, total=False):
    """The options of `TwelveLabsLLM` that are those of an engine too, under the same names."""

    model: str | None
    api_key: str | None
    base_url: str | None
    timeout: float
    max_retries: int
    client: Client | None
    async_client: AsyncClient | None
    instructions: str | None
    include: Sequence[Literal["intermediate_outputs"]]
    selections: Sequence[Selection]
    request_metadata: Mapping[str, str] | None
    session_id: str | None
    on_stale_session: OnStaleSession
    extra_body: Mapping[str, Any] | None
    on_event: Listener | None


def new_llm(knowledge_store_id: str, callback_manager: CallbackManager, **options: Unpack[LLMOptions]) -> TwelveLabsLLM:
    """Return the LLM of an engine.

    Raises:
        InvalidArgumentError: No API key, or an option that cannot be.
    """
    shares = options.get("client") is not None or options.get("async_client") is not None
    for name, value in options.items():
        # The LLM has more: what would mean nothing to an engine must not be taken and forgotten.
        if name not in LLMOptions.__annotations__:
            raise InvalidArgumentError(name, "an option of this name", ", ".join(sorted(LLMOptions.__annotations__)))
        if shares and name in _OF_A_CLIENT and value is not None:
            raise InvalidArgumentError(name, "a value beside a client", "what the client has; make another client")
    return TwelveLabsLLM(knowledge_store_id, callback_manager=callback_manager, **options)


class Asking:
    """A component of LlamaIndex that asks an LLM of its own."""

    _llm: TwelveLabsLLM
    callback_manager: CallbackManager

    @property
    def llm(self) -> TwelveLabsLLM:
        """The LLM that is asked."""
        return self._llm

    def close(self) -> None:
        """Close the connections that were made for this in blocking calls. It cannot be used any more."""
        self._llm.close()

    async def aclose(self) -> None:
        """Close the connections that were made for this. It cannot be used any more."""
        await self._llm.aclose()

    def __copy__(self) -> Self:
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: no key, no connections and none of those who listen."""
        return {name: value for name, value in self.__dict__.items() if name != "callback_manager"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make the component anew; its key is read from the environment."""
        self.__dict__.update(state, callback_manager=CallbackManager([]))

    def _asked(self, on_open: Callable[[Stream | AsyncStream], object] | None = None) -> TwelveLabsLLM:
        """Return the LLM for one call, which tells of the streams that it opens, and whoever listens to this now."""
        llm = self._llm.observed(on_open)
        llm.callback_manager = self.callback_manager
        return llm

    def _options(self) -> LLMOptions:
        """Return the options of another component that asks as this one does, over the same connections."""
        llm = self._llm
        return LLMOptions(
            model=llm.model,
            client=llm._client,  # noqa: SLF001 - the LLM is of this package
            async_client=llm._async_client,  # noqa: SLF001 - the same
            instructions=llm.instructions,
            include=llm.include,
            selections=llm.selections,
            request_metadata=llm.request_metadata,
            session_id=llm.session_id,
            on_stale_session=llm.on_stale_session,
            extra_body=llm.extra_body,
            on_event=llm._on_event,  # noqa: SLF001 - the same
        )
