"""`TwelveLabsLLM`: an LLM that reasons over a knowledge store of videos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from llama_index.core.base.llms.generic_utils import (
    achat_to_completion_decorator,
    astream_chat_to_completion_decorator,
    chat_to_completion_decorator,
    stream_chat_to_completion_decorator,
)
from llama_index.core.base.llms.types import LLMMetadata, MessageRole
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.llm import LLM
from pydantic import ConfigDict, Field, PrivateAttr, ValidationError

from llama_index_twelvelabs._calls import Calls
from llama_index_twelvelabs._closing import acloses_its_stream, closes_its_stream
from llama_index_twelvelabs._listeners import both, check_listener
from llama_index_twelvelabs._refusals import refusal
from llama_index_twelvelabs._structured import StructuredPrediction
from twelvelabs_responses import (
    AsyncClient,
    Client,
    OnStaleSession,
    Retry,
    Selection,
    client_twins,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llama_index.core.base.llms.types import (
        ChatMessage,
        ChatResponse,
        ChatResponseAsyncGen,
        ChatResponseGen,
        CompletionResponse,
        CompletionResponseAsyncGen,
        CompletionResponseGen,
    )
    from llama_index.core.callbacks import CallbackManager
    from typing_extensions import Self

    from llama_index_twelvelabs._listeners import Listener
    from twelvelabs_responses import AsyncStream, Stream

_NOT_FIELDS = ("api_key", "client", "async_client", "on_event")
_OPTIONS = (
    "knowledge_store_id",
    "model",
    "instructions",
    "include",
    "selections",
    "request_metadata",
    "session_id",
    "on_stale_session",
    "extra_body",
)


class TwelveLabsLLM(StructuredPrediction, LLM):
    """An LLM that answers from the videos of one TwelveLabs knowledge store.

    An answer takes 30 s to 3 min: stream it. It carries its session on the message
    (`message.additional_kwargs["twelvelabs"]`), so messages that hold it go on with the same conversation, and only
    what is new is sent. Nothing is kept on the LLM, which threads, tasks and users may share. It calls no tools; give
    `TwelveLabsQueryEngine(...).as_tool()` to an agent that another LLM drives.

    Args:
        knowledge_store_id: The store to reason over (`ks_...`).
        model: None sends none, as the newest API has no such field.
        api_key: Else `TWELVELABS_API_KEY`, else `TWELVE_LABS_API_KEY` from the environment. In no dump and no pickle.
        base_url: Else `TWELVELABS_BASE_URL`, else the public service.
        timeout: Seconds of silence to put up with.
        max_retries: How often a request is sent again that the service cannot have acted on.
        client: A configured client of `twelvelabs_responses`, in place of key, address, timeout and retries.
        async_client: Its async twin; without it, one is made from `client`.
        instructions: Guidance for every turn, put before the system messages; together at most 2,000 characters.
        include: `("intermediate_outputs",)` asks for commentary and the service's own function calls.
        selections: Store items and collections to prefer, named in the text by `{{sel:N}}`.
        request_metadata: The API's `metadata`, at most 16 pairs. (`metadata` is LlamaIndex's word for the model's.)
        session_id: Go on with this session, whatever the messages say.
        on_stale_session: What to do about a history whose session has moved on: begin a new one with a transcript, go
            on, or say so.
        extra_body: Fields to send as they are, for what the service learns after this version.
        context_window: What LlamaIndex may put into one prompt, in tokens. The service publishes none; the default is
            the 10,000 characters of one message at four characters a token.
        on_event: Called with each event of the service while an answer is made, for progress; an async function is
            refused, as blocking calls tell it too. An answer that is asked for whole is then streamed all the same.
        callback_manager: LlamaIndex's callbacks.
        system_prompt: LlamaIndex's own, put before a prompt by `predict` and its relatives.

    Raises:
        InvalidArgumentError: No API key, or an argument that cannot be.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    knowledge_store_id: str
    model: str | None = "jockey1.0"
    # What the connections were made of: set afterwards, it would have no effect.
    base_url: str | None = Field(default=None, frozen=True)
    timeout: float = Field(default=300.0, frozen=True)
    max_retries: int = Field(default=2, frozen=True)
    instructions: str | None = None
    include: tuple[Literal["intermediate_outputs"], ...] = ()
    selections: tuple[Selection, ...] = ()
    request_metadata: dict[str, str] | None = None
    session_id: str | None = None
    on_stale_session: OnStaleSession = "fork"
    extra_body: dict[str, Any] | None = None
    context_window: int = Field(default=2_500, gt=0)

    _client: Client = PrivateAttr()
    _async_client: AsyncClient = PrivateAttr()
    _given: tuple[Client | None, AsyncClient | None] = PrivateAttr(default=(None, None))
    _on_event: Listener | None = PrivateAttr(default=None)
    _on_open: tuple[Callable[[Stream | AsyncStream], object], ...] = PrivateAttr(default=())

    def __init__(  # noqa: PLR0913 - the options of an LLM, each by its name
        self,
        knowledge_store_id: str,
        *,
        model: str | None = "jockey1.0",
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = 300.0,
        max_retries: int = 2,
        client: Client | None = None,
        async_client: AsyncClient | None = None,
        instructions: str | None = None,
        include: Sequence[Literal["intermediate_outputs"]] = (),
        selections: Sequence[Selection] = (),
        request_metadata: Mapping[str, str] | None = None,
        session_id: str | None = None,
        on_stale_session: OnStaleSession = "fork",
        extra_body: Mapping[str, Any] | None = None,
        context_window: int = 2_500,
        on_event: Listener | None = None,
        callback_manager: CallbackManager | None = None,
        system_prompt: str | None = None,
        **fields: Any,
    ) -> None:
        check_listener(on_event)
        options: dict[str, Any] = {
            "knowledge_store_id": knowledge_store_id,
            "model": model,
            "base_url": base_url,
            "timeout": timeout,
            "max_retries": max_retries,
            "instructions": instructions,
            "include": include,
            "selections": selections,
            "request_metadata": request_metadata,
            "session_id": session_id,
            "on_stale_session": on_stale_session,
            "extra_body": extra_body,
            "context_window": context_window,
            "callback_manager": callback_manager,
            "system_prompt": system_prompt,
        }
        try:
            super().__init__(**options, **fields)
        except ValidationError as error:
            raise refusal(error, {*type(self).model_fields, *_NOT_FIELDS}) from error
        self._on_event = on_event
        self._given = client, async_client
        if client is None and async_client is None:
            retry = Retry(max_retries=max_retries)
            client = Client(api_key=api_key, base_url=base_url, timeout=timeout, retry=retry)
        self._client, self._async_client = client_twins(client, async_client)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: no key, no connections and none of those who listen."""
        client, async_client = self._given
        written = {name: getattr(self, name) for name in self.model_fields_set - {"callback_manager"}}
        return {**written, "client": client, "async_client": async_client}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make the LLM anew; its key is read from the environment."""
        client, async_client = state["client"], state["async_client"]
        if client is not None and async_client is not None:
            # Each comes back with a memory of sessions of its own.
            async_client.sessions = client.sessions
        self.__init__(**state)  # type: ignore[misc]  # as LlamaIndex's own components do

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which LlamaIndex writes the class down."""
        return "twelvelabs_llm"

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex wants to know of a model."""
        return LLMMetadata(
            context_window=self.context_window,
            is_chat_model=True,
            is_function_calling_model=False,
            model_name=self.model or "unnamed",
            system_role=MessageRole.SYSTEM,
        )

    def observed(
        self,
        on_open: Callable[[Stream | AsyncStream], object] | None = None,
        on_event: Listener | None = None,
    ) -> Self:
        """Return an LLM that is this one, and tells of itself to more; the connections are shared.

        Args:
            on_open: Called with each stream once it is open: to know its session, and to close it.
            on_event: Called with each event, after those who hear of it already.

        Raises:
            InvalidArgumentError: `on_event` is no function, or an async one.
        """
        check_listener(on_event)
        observed = self.model_copy()
        observed._on_open = (*self._on_open, *([] if on_open is None else [on_open]))  # noqa: SLF001 - an LLM of this class
        observed._on_event = both(self._on_event, on_event)  # noqa: SLF001 - the same
        return observed

    def close(self) -> None:
        """Close the connections that were made for this LLM in blocking calls. It cannot be used any more."""
        self._client.close()

    async def aclose(self) -> None:
        """Close the connections that were made for this LLM. It cannot be used any more."""
        self._client.close()
        await self._async_client.aclose()

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Return the answer to the user messages at the end.

        Args:
            messages: The history. Of what comes before, only what the session does not know is sent.
            **kwargs: Options of this one call: the constructor's, from `knowledge_store_id` to `extra_body`; `text`
                for the form of the answer, which `as_structured_llm` and `structured_predict` give by a model.

        Raises:
            InvalidArgumentError: A message or an option that the service cannot take; nothing was sent.
            ResponsesError: Any other of the tree; see `twelvelabs_responses.ResponsesError`.
        """
        return self._calls.chat(messages, **kwargs)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Return what `chat` returns."""
        return await self._calls.achat(messages, **kwargs)

    @closes_its_stream
    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Return the answer as it is made; the arguments are those of `chat`.

        The request has been sent when this returns, so that what is refused is raised here. The first chat response
        has no text yet, but its session; each has what is new in `delta` and all so far in its message; the last has
        `raw`, and in `additional_kwargs` what the answer cites and has cost.
        """
        return self._calls.stream_chat(messages, **kwargs)

    @acloses_its_stream
    @llm_chat_callback()
    async def astream_chat(  # pyright: ignore[reportIncompatibleMethodOverride]  # a coroutine is what it takes
        self, messages: Sequence[ChatMessage], **kwargs: Any
    ) -> ChatResponseAsyncGen:
        """Return what `stream_chat` returns."""
        return await self._calls.astream_chat(messages, **kwargs)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002 - LlamaIndex's signature
        """Return the answer to one user message; the options and errors are those of `chat`."""
        return chat_to_completion_decorator(self._calls.chat)(prompt, **kwargs)

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:  # noqa: FBT001, FBT002 - LlamaIndex's signature
        """Return what `complete` returns."""
        return await achat_to_completion_decorator(self._calls.achat)(prompt, **kwargs)

    @closes_its_stream
    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:  # noqa: FBT001, FBT002 - LlamaIndex's signature
        """Return the answer to one user message as it is made; see `stream_chat`."""
        return stream_chat_to_completion_decorator(self._calls.stream_chat)(prompt, **kwargs)

    @acloses_its_stream
    @llm_completion_callback()
    async def astream_complete(  # pyright: ignore[reportIncompatibleMethodOverride]  # a coroutine is what it takes
        self,
        prompt: str,
        formatted: bool = False,  # noqa: FBT001, FBT002 - LlamaIndex's signature
        **kwargs: Any,
    ) -> CompletionResponseAsyncGen:
        """Return what `stream_complete` returns."""
        return await astream_chat_to_completion_decorator(self._calls.astream_chat)(prompt, **kwargs)

    @property
    def _calls(self) -> Calls:
        defaults = {name: getattr(self, name) for name in _OPTIONS}
        return Calls(self._client, self._async_client, defaults, self._on_open, self._on_event)
