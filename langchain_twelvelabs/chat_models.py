"""`ChatTwelveLabs`: a chat model that reasons over a knowledge store of videos."""

from __future__ import annotations

# Pydantic looks up what a field's type names.
from collections.abc import Sequence  # noqa: TC003
from typing import TYPE_CHECKING, Annotated, Any, Literal

from langchain_core.language_models import BaseChatModel, LangSmithParams, ModelProfile
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.utils import secret_from_env
from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    InstanceOf,
    PrivateAttr,
    SecretStr,
    field_validator,
    model_validator,
)

from langchain_twelvelabs._errors import as_model_errors
from langchain_twelvelabs._output import AnswerChunks, answer_message
from langchain_twelvelabs._request import model_request, no_tools
from langchain_twelvelabs._sampling import without_sampling
from langchain_twelvelabs._structured import METHODS, response_format, structured
from langchain_twelvelabs._tokens import atold, told
from twelvelabs_responses import (
    AsyncClient,
    Client,
    InvalidArgumentError,
    OnStaleSession,
    Retry,
    Selection,
    Sessions,
    __version__,
    client_twins,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
    from langchain_core.language_models import LanguageModelInput
    from langchain_core.load.serializable import SerializedConstructor, SerializedNotImplemented
    from langchain_core.messages import AIMessage, BaseMessage
    from langchain_core.outputs import ChatGenerationChunk
    from langchain_core.runnables import Runnable
    from langchain_core.tools import BaseTool
    from typing_extensions import Self

    from langchain_twelvelabs._request import ModelRequest

_key_from_environment = secret_from_env(["TWELVELABS_API_KEY", "TWELVE_LABS_API_KEY"], default=None)

_OPTIONS = (
    "knowledge_store_id",
    "model",
    "session_id",
    "on_stale_session",
    "instructions",
    "include",
    "selections",
    "request_metadata",
    "extra_body",
    "output_version",
)


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
            print(citation.title, citation.time_range)
        ```
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, populate_by_name=True, extra="forbid", hide_input_in_errors=True
    )

    knowledge_store_id: str
    """The store to reason over (`ks_...`)."""
    model: str | None = "jockey1.0"
    """None sends none, as the newest API has no such field."""
    api_key: SecretStr | str | None = Field(default_factory=_key_from_environment, repr=False, frozen=True)
    """Not needed with `client` or `async_client`. Kept as a secret; a pickle holds none, and reads it anew."""
    base_url: str | None = Field(default=None, frozen=True)
    """Else `TWELVELABS_BASE_URL`, else the public service."""
    timeout: float = Field(default=300.0, frozen=True)
    """Seconds of silence to put up with."""
    max_retries: int = Field(default=2, frozen=True)
    """How often a request is sent again that the service cannot have acted on."""
    client: Client | None = Field(default=None, exclude=True, frozen=True)
    """A configured client of `twelvelabs_responses`, in place of key, address, timeout and retries."""
    async_client: AsyncClient | None = Field(default=None, exclude=True, frozen=True)
    """Its async twin; without it, one is made from `client`."""
    sessions: InstanceOf[Sessions] = Field(default_factory=Sessions, exclude=True, repr=False)
    """The memory of sessions: which turns are under way, and which answers are the newest. Models that share one know
    of each other's turns, as those do that LangChain makes of this one for a run. A given client brings its own."""
    instructions: str | None = None
    """Guidance for every turn, put before the system messages; together at most 2,000 characters."""
    # Kept as a tuple, which nobody can change; but pyright goes by this type, and people write lists.
    include: Annotated[Sequence[Literal["intermediate_outputs"]], AfterValidator(tuple)] = ()
    """`("intermediate_outputs",)` asks for commentary and the service's own function calls, as they happen."""
    selections: Annotated[Sequence[Selection], AfterValidator(tuple)] = ()
    """Store items and collections to prefer, named in the text by `{{sel:N}}`."""
    request_metadata: dict[str, str] | None = None
    """The API's `metadata`: at most 16 pairs. (LangChain's own `metadata` goes into traces.)"""
    session_id: str | None = None
    """Go on with this session, whatever the history says."""
    on_stale_session: OnStaleSession = "fork"
    """What to do about a history whose session has moved on: begin a new one with a transcript, go on, or say so."""
    stop: list[str] | None = Field(default=None, alias="stop_sequences")
    """The text ends before the first of these. The service knows none: the answer is cut here."""
    streaming: bool | None = None
    """True: `invoke` too reads the answer as a stream, so that callbacks hear of its tokens. False: nothing does."""
    extra_body: dict[str, Any] | None = None
    """Fields to send as they are, for what the service learns after this version."""
    cache: bool | None = Field(default=False, exclude=True, frozen=True)
    """Always False: an answer carries its session, and a cached one would put strangers into one conversation."""

    _client: Client = PrivateAttr()
    _async_client: AsyncClient = PrivateAttr()

    @model_validator(mode="before")
    @classmethod
    def _without_sampling(cls, values: Any) -> Any:
        return without_sampling(values) if isinstance(values, dict) else values

    @field_validator("api_key")
    @classmethod
    def _secret(cls, value: SecretStr | str | None) -> SecretStr | None:
        return SecretStr(value) if isinstance(value, str) else value

    @field_validator("cache")
    @classmethod
    def _no_cache(cls, value: bool | None) -> bool:  # noqa: FBT001 - pydantic hands it over so
        if value:
            raise InvalidArgumentError("cache", repr(value), "False: a cached answer would share its session")
        return False

    @model_validator(mode="after")
    def _with_clients(self) -> Self:
        self._make_clients()
        self._add_version("twelvelabs-responses", __version__)
        return self

    def _make_clients(self) -> None:
        given = self.client
        if given is None and self.async_client is None:
            # One of the environment is left to the client, which names its variable if it is refused.
            given_key = self.api_key if "api_key" in self.model_fields_set else None
            key = given_key.get_secret_value() if isinstance(given_key, SecretStr) else given_key
            retry = Retry(max_retries=self.max_retries)
            given = Client(
                api_key=key, base_url=self.base_url, timeout=self.timeout, retry=retry, sessions=self.sessions
            )
        self._client, self._async_client = client_twins(given, self.async_client)
        self.sessions = self._client.sessions

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        fields = {**state["__dict__"], "api_key": None, "sessions": None}
        return {**state, "__dict__": fields, "__pydantic_private__": None}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        fields = {**state["__dict__"], "api_key": _key_from_environment(), "sessions": Sessions()}
        super().__setstate__({**state, "__dict__": fields, "__pydantic_private__": {}})
        self._make_clients()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with these fields changed. They are checked, and the memory of sessions is the same.

        Raises:
            ValidationError: A field that there is not, or a value that it cannot have.
        """
        if not update:
            return super().model_copy(deep=deep)
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return type(self)(**given | dict(update))

    def to_json(self) -> SerializedConstructor | SerializedNotImplemented:
        """Return what LangChain writes down of the model."""
        written = super().to_json()
        if written["type"] == "constructor" and self.selections:
            selections = [selection.model_dump() for selection in self.selections]
            return {**written, "kwargs": {**written["kwargs"], "selections": selections}}
        return written

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self.model_copy()

    @property
    def _llm_type(self) -> str:
        return "twelvelabs"

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Whether LangChain can write the model down, its key left out."""
        return True

    @classmethod
    def get_lc_namespace(cls) -> list[str]:
        """Where LangChain finds the class again."""
        return ["langchain_twelvelabs", "chat_models"]

    @property
    def lc_secrets(self) -> dict[str, str]:
        """The constructor's secrets and the environment variables that hold them."""
        return {"api_key": "TWELVELABS_API_KEY"}

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, "knowledge_store_id": self.knowledge_store_id}

    def _resolve_model_profile(self) -> ModelProfile | None:
        return ModelProfile(
            text_inputs=True,
            image_inputs=False,
            video_inputs=False,
            text_outputs=True,
            tool_calling=False,
            structured_output=True,
        )

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"] = "twelvelabs"
        params["ls_model_name"] = kwargs.get("model") or self.model or "unnamed"
        return params

    def get_num_tokens(self, text: str) -> int:
        """Return a rough count: the service tells its tokens only after the answer."""
        return count_tokens_approximately([text])

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Return the model with these options bound; tools it cannot call.

        `create_agent(model, response_format=...)` binds an empty list of tools, which is fine.

        Raises:
            InvalidArgumentError: There are tools; the message names what to use instead.
        """
        if tools:
            with as_model_errors():
                raise no_tools(f"{len(tools)} tools to call")
        return self.bind(**kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        method: str = "json_schema",
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Return the model with its answers read as objects of the schema.

        Args:
            schema: A pydantic model (v2 or v1); for a `dict`, a TypedDict, a dataclass or a JSON Schema with a title.
            include_raw: Also give the message itself, and a parsing error in place of raising it.
            method: `json_schema`; the other names that LangChain has mean the same here.
            strict: Accepted by the service, without effect.
            **kwargs: None are known.

        Raises:
            InvalidArgumentError: A schema that the service cannot honour, or an unknown method or option.
        """
        with as_model_errors():
            if method not in METHODS:
                raise InvalidArgumentError("method", repr(method), ", ".join(METHODS))
            if kwargs:
                raise InvalidArgumentError(", ".join(kwargs), "options of these names", "include_raw, method, strict")
            wanted = response_format(schema, strict=strict)
        traced = {"kwargs": {"method": method, "strict": strict}, "schema": schema}
        return structured(
            self.bind(response_format=wanted, ls_structured_output_format=traced), schema, include_raw=include_raw
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with as_model_errors(), self._request(messages, stop, kwargs) as request:
            response = request.stop.response(self._client.create(request.input, **request.options))
        message = answer_message(response, request.model, request.content)
        return ChatResult(generations=[ChatGeneration(message=message)])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        with as_model_errors(), self._request(messages, stop, kwargs) as request:
            response = request.stop.response(await self._async_client.create(request.input, **request.options))
        message = answer_message(response, request.model, request.content)
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with as_model_errors(), self._request(messages, stop, kwargs) as request:
            chunks = AnswerChunks(request.model, request.content)
            with self._client.stream(request.input, **request.options) as stream:
                for event, pieces in stream.updates():
                    shown = request.stop.pieces(pieces, at_end=event.terminal)
                    message_chunk = chunks.of(event, shown)
                    if message_chunk is not None:
                        yield told(message_chunk, run_manager)
                yield told(chunks.last(request.stop.response(stream.response)), run_manager)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        with as_model_errors(), self._request(messages, stop, kwargs) as request:
            chunks = AnswerChunks(request.model, request.content)
            async with self._async_client.stream(request.input, **request.options) as stream:
                async for event, pieces in stream.updates():
                    shown = request.stop.pieces(pieces, at_end=event.terminal)
                    message_chunk = chunks.of(event, shown)
                    if message_chunk is not None:
                        yield await atold(message_chunk, run_manager)
                yield await atold(chunks.last(request.stop.response(stream.response)), run_manager)

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, call: dict[str, Any]
    ) -> AbstractContextManager[ModelRequest]:
        return model_request(
            messages,
            defaults={name: getattr(self, name) for name in _OPTIONS},
            call=without_sampling(call),
            stop=stop if stop is not None else self.stop or (),
            client=self._client,
        )
