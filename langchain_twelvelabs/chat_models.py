"""`ChatTwelveLabs`: a chat model that reasons over a knowledge store of videos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel, LangSmithParams
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.utils import secret_from_env
from pydantic import ConfigDict, Field, PrivateAttr, SecretStr, model_validator

from langchain_twelvelabs._convert import MessageChunks, answer_message, conversation
from twelvelabs_responses import (
    AsyncClient,
    Client,
    InputItem,
    InvalidArgumentError,
    RequestOptions,
    Retry,
    Selection,
    client_twins,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
    from langchain_core.messages import AIMessageChunk, BaseMessage
    from typing_extensions import Self


class ChatTwelveLabs(BaseChatModel):
    """A chat model that answers from the videos of one TwelveLabs knowledge store.

    An answer takes 30 s to 3 min: stream it. It carries its session (`response_metadata["session_id"]`), so a history
    that holds it goes on with the same conversation: only what is new is sent. Nothing is kept on the model, which
    threads, tasks and users may share.

    Example:
        ```python
        model = ChatTwelveLabs(knowledge_store_id="ks_...")
        answer = model.invoke("Which clips show a goal?")
        for citation in citations(answer):
            print(citation.title, citation.start_sec, citation.end_sec)
        ```
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, populate_by_name=True, extra="forbid")

    knowledge_store_id: str
    """The store to reason over (`ks_...`)."""
    model: str | None = "jockey1.0"
    """None sends none, as the newest API has no such field."""
    api_key: SecretStr | None = Field(
        default_factory=secret_from_env(["TWELVELABS_API_KEY", "TWELVE_LABS_API_KEY"], default=None)
    )
    """Not needed with `client` and `async_client`."""
    base_url: str | None = None
    """Else `TWELVELABS_BASE_URL`, else the public service."""
    timeout: float = 300.0
    """Seconds of silence to put up with."""
    max_retries: int = 2
    """How often a request is sent again that the service cannot have acted on."""
    client: Client | None = Field(default=None, exclude=True)
    """A configured client of `twelvelabs_responses`, in place of key, address, timeout and retries."""
    async_client: AsyncClient | None = Field(default=None, exclude=True)
    """Its async twin."""
    instructions: str | None = None
    """Guidance for every turn, put before the system messages; together at most 2,000 characters."""
    selections: tuple[Selection, ...] = ()
    """Store items and collections to prefer, named in the text by `{{sel:N}}`."""
    request_metadata: dict[str, str] | None = None
    """The API's `metadata`: at most 16 pairs. (LangChain's own `metadata` goes into traces.)"""
    session_id: str | None = None
    """Go on with this session, whatever the history says."""
    extra_body: dict[str, Any] | None = None
    """Fields to send as they are, for what the service learns after this version."""

    _client: Client = PrivateAttr()
    _async_client: AsyncClient = PrivateAttr()

    @model_validator(mode="after")
    def _with_clients(self) -> Self:
        settings: dict[str, Any] = {
            "api_key": self.api_key.get_secret_value() if self.api_key else None,
            "base_url": self.base_url,
            "timeout": self.timeout,
            "retry": Retry(max_retries=self.max_retries),
        }
        given = self.client
        if given is None and self.async_client is None:
            given = Client(**settings)
        self._client, self._async_client = client_twins(given, self.async_client)
        return self

    @property
    def _llm_type(self) -> str:
        return "twelvelabs"

    @property
    def lc_secrets(self) -> dict[str, str]:
        """The constructor's secrets and the environment variables that hold them."""
        return {"api_key": "TWELVELABS_API_KEY"}

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, "knowledge_store_id": self.knowledge_store_id}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"] = "twelvelabs"
        params["ls_model_name"] = kwargs.get("model") or self.model or "unnamed"
        return params

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        user_input, options = self._request(messages, stop, kwargs)
        response = self._client.create(user_input, **options)
        return ChatResult(generations=[ChatGeneration(message=answer_message(response, options["model"]))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        user_input, options = self._request(messages, stop, kwargs)
        response = await self._async_client.create(user_input, **options)
        return ChatResult(generations=[ChatGeneration(message=answer_message(response, options["model"]))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        user_input, options = self._request(messages, stop, kwargs)
        chunks = MessageChunks(options["model"])
        with self._client.stream(user_input, **options) as stream:
            for event, pieces in stream.updates():
                for message_chunk in chunks.of(event, pieces):
                    yield _told(message_chunk, run_manager)
            yield _told(chunks.last(stream.response), run_manager)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        user_input, options = self._request(messages, stop, kwargs)
        chunks = MessageChunks(options["model"])
        async with self._async_client.stream(user_input, **options) as stream:
            async for event, pieces in stream.updates():
                for message_chunk in chunks.of(event, pieces):
                    yield await _atold(message_chunk, run_manager)
            yield await _atold(chunks.last(stream.response), run_manager)

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, kwargs: dict[str, Any]
    ) -> tuple[tuple[InputItem, ...], RequestOptions]:
        if stop:
            raise InvalidArgumentError("stop", repr(stop), "none: the service has no stop sequences")
        kwargs.pop("stream", None)
        options: dict[str, Any] = {
            "knowledge_store_id": self.knowledge_store_id,
            "model": self.model,
            "session_id": self.session_id,
            "instructions": self.instructions,
            "selections": self.selections,
            "metadata": self.request_metadata,
            "extra_body": self.extra_body,
        } | kwargs
        told = conversation(messages, options["knowledge_store_id"])
        parts = [part for part in (options["instructions"], told.instructions) if part]
        options["instructions"] = "\n\n".join(parts) or None
        if options["session_id"] is None and told.session is not None:
            options["session_id"] = self._client.sessions.continued(told.session, "error")
        return told.input, RequestOptions(**options)  # type: ignore[typeddict-item]  # checked by the core


def _told(message_chunk: AIMessageChunk, run_manager: CallbackManagerForLLMRun | None) -> ChatGenerationChunk:
    """Return the chunk, the callbacks told of it before anybody else."""
    chunk = ChatGenerationChunk(message=message_chunk)
    if run_manager is not None:
        run_manager.on_llm_new_token(chunk.text, chunk=chunk)
    return chunk


async def _atold(
    message_chunk: AIMessageChunk, run_manager: AsyncCallbackManagerForLLMRun | None
) -> ChatGenerationChunk:
    """Return the chunk, the callbacks told of it before anybody else."""
    chunk = ChatGenerationChunk(message=message_chunk)
    if run_manager is not None:
        await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
    return chunk
