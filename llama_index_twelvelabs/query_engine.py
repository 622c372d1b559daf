"""`TwelveLabsQueryEngine`: a query engine that reasons over a knowledge store of videos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.prompts import BasePromptTemplate, PromptTemplate
from llama_index.core.tools import QueryEngineTool

from llama_index_twelvelabs._asking import Asking, new_llm
from llama_index_twelvelabs._input import question
from llama_index_twelvelabs._nodes import source_nodes
from llama_index_twelvelabs._responses import TwelveLabsPydanticResponse, TwelveLabsResponse
from llama_index_twelvelabs._structured import object_format
from llama_index_twelvelabs._synthesis import synthesis
from llama_index_twelvelabs._tokens import astreamed, streamed
from llama_index_twelvelabs.retrievers import TwelveLabsCitationRetriever
from twelvelabs_responses import AsyncStream, InvalidArgumentError, Response, Stream

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatResponse
    from llama_index.core.base.response.schema import RESPONSE_TYPE
    from llama_index.core.callbacks import CallbackManager
    from llama_index.core.memory import BaseMemory
    from llama_index.core.prompts.mixin import PromptDictType, PromptMixinType
    from llama_index.core.schema import QueryBundle
    from pydantic import BaseModel
    from typing_extensions import Self, Unpack

    from llama_index_twelvelabs._asking import LLMOptions
    from llama_index_twelvelabs.chat_engine import TwelveLabsChatEngine

_TOOL_NAME = "ask_videos"
_TOOL_DESCRIPTION = (
    "Asks a collection of videos what they show and what is said in them; the question is plain words. "
    "An answer takes up to three minutes. "
)
_EACH_FOR_ITSELF = "Each question stands for itself: earlier ones are not known."
_ONE_AFTER_ANOTHER = "A question may refer to earlier ones and their answers; ask one at a time."


class TwelveLabsQueryEngine(Asking, BaseQueryEngine):
    """A query engine that answers from the videos of one TwelveLabs knowledge store.

    Each query begins a session of its own, so threads, tasks and users may share one engine;
    `with_session(response.session_id)` gives an engine that goes on with one. An answer takes 30 s to 3 min. Citations
    are the response's `source_nodes`; in a stream they are there when the last token has come. What is refused is
    raised by the query itself, of a stream too.

    Args:
        knowledge_store_id: The store to reason over (`ks_...`).
        streaming: Whether `query` and `aquery` return a streaming response.
        output_cls: The pydantic model that an answer is to be an object of. It cannot be streamed.
        callback_manager: LlamaIndex's callbacks.
        **options: `model`, `api_key`, `base_url`, `timeout`, `max_retries`, `client`, `async_client`, `instructions`
            (also the prompt of this name), `include`, `selections`, `request_metadata`, `session_id` (go on with it in
            every query), `on_stale_session`, `extra_body`, `on_event` (an answer that is asked for whole is then
            streamed all the same); see `TwelveLabsLLM`.

    Raises:
        InvalidArgumentError: No API key, or an argument that cannot be.
    """

    def __init__(
        self,
        knowledge_store_id: str,
        *,
        streaming: bool = False,
        output_cls: type[BaseModel] | None = None,
        callback_manager: CallbackManager | None = None,
        **options: Unpack[LLMOptions],
    ) -> None:
        super().__init__(callback_manager)
        self._llm = new_llm(knowledge_store_id, self.callback_manager, **options)
        self._instructions: BasePromptTemplate = PromptTemplate(self._llm.instructions or "")
        self._output_cls = output_cls
        self._call: dict[str, Any] = {} if output_cls is None else {"text": object_format(output_cls)}
        self._streaming = False
        if streaming:
            self._set_streaming()

    def with_session(self, session_id: str | None) -> Self:
        """Return an engine that goes on with this session in every query; the connections are shared.

        A session takes one turn at a time: what asks several questions at once, as a sub-question engine with
        `use_async`, needs an engine without one.

        Raises:
            InvalidArgumentError: It is no id; a response without one has no `session_id` to go on with.
        """
        if not isinstance(session_id, str) or not session_id:
            raise InvalidArgumentError("session_id", repr(session_id), "the id of a session, sess_...")
        bound = self.__copy__()
        bound._llm = self._llm.model_copy(update={"session_id": session_id})  # noqa: SLF001 - an engine of this class
        return bound

    def streaming_view(self) -> Self:
        """Return the same engine, its responses streaming.

        Raises:
            InvalidArgumentError: The engine has an `output_cls`.
        """
        view = self.__copy__()
        view._set_streaming()  # noqa: SLF001 - an engine of this class
        return view

    def non_streaming_view(self) -> Self:
        """Return the same engine, its responses whole."""
        view = self.__copy__()
        view._streaming = False  # noqa: SLF001 - an engine of this class
        return view

    def as_tool(
        self, *, name: str = _TOOL_NAME, description: str | None = None, return_direct: bool = False
    ) -> QueryEngineTool:
        """Return a tool for an agent that another LLM drives; its answers come whole, as tools read them at once.

        Args:
            name: The name for the driving LLM.
            description: What the driving LLM is told about the tool; say what the videos are about. Without it, only
                how to ask, which follows from whether the engine is bound to a session.
            return_direct: Whether the agent gives the answer to its user as it is.
        """
        if description is None:
            description = _TOOL_DESCRIPTION + (_EACH_FOR_ITSELF if self._llm.session_id is None else _ONE_AFTER_ANOTHER)
        return QueryEngineTool.from_defaults(
            self.non_streaming_view(), name=name, description=description, return_direct=return_direct
        )

    def as_chat_engine(self, memory: BaseMemory | None = None, **options: Any) -> TwelveLabsChatEngine:
        """Return a chat engine over the same store and connections, with the options of this engine.

        Args:
            memory: What keeps the conversation.
            **options: Further ones of `TwelveLabsChatEngine`, and others than this engine's; they win. What belongs to
                the connections (`api_key`, `base_url`, `timeout`, `max_retries`) is refused, as those are shared.
        """
        from llama_index_twelvelabs.chat_engine import TwelveLabsChatEngine  # noqa: PLC0415 - it may import this module

        own: dict[str, Any] = {**self._options(), "callback_manager": self.callback_manager}
        return TwelveLabsChatEngine(self._llm.knowledge_store_id, memory=memory, **{**own, **options})

    def as_retriever(self) -> TwelveLabsCitationRetriever:
        """Return a retriever of what an answer cites, over the same store and connections, with the same options."""
        return TwelveLabsCitationRetriever(
            self._llm.knowledge_store_id, callback_manager=self.callback_manager, **self._options()
        )

    def _options(self) -> LLMOptions:
        return {**super()._options(), "instructions": self._guidance()}

    def _guidance(self) -> str | None:
        # By its messages: written as one text, a prompt of messages has their roles in it.
        texts = [message.content for message in self._instructions.format_messages()]
        return "\n\n".join(text for text in texts if text) or None

    def _set_streaming(self) -> None:
        if self._output_cls is not None:
            raise InvalidArgumentError(
                "streaming", "True with an `output_cls`", "one of the two: an object comes whole"
            )
        self._streaming = True

    def _get_prompts(self) -> PromptDictType:
        return {"instructions": self._instructions}

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _update_prompts(self, prompts: PromptDictType) -> None:
        given = prompts.get("instructions", self._instructions)
        if not isinstance(given, BasePromptTemplate):
            raise InvalidArgumentError("instructions", f"a {type(given).__name__}", "a prompt, PromptTemplate(...)")
        self._instructions = given

    def _as_query_component(self, **kwargs: Any) -> Any:
        """Return what a query pipeline of LlamaIndex before 0.13 runs; it takes whole answers only."""
        return super(TwelveLabsQueryEngine, self.non_streaming_view())._as_query_component(**kwargs)  # type: ignore[misc]  # newer ones have none

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        with synthesis(query_bundle, self.callback_manager) as told:
            messages, call, opened = question(query_bundle), self._call_options(), list[Stream | AsyncStream]()
            llm = self._asked(opened.append)
            if self._streaming:
                chats = llm.stream_chat(messages, **call)
                (stream,) = opened
                assert isinstance(stream, Stream)  # noqa: S101 - a blocking call opens no other
                return told.returns(streamed(chats, stream, told.answered))
            answer = told.returns(self._answer(llm.chat(messages, **call)))
        told.answered(answer)
        return answer

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        with synthesis(query_bundle, self.callback_manager) as told:
            messages, call, opened = question(query_bundle), self._call_options(), list[Stream | AsyncStream]()
            llm = self._asked(opened.append)
            if self._streaming:
                chats = await llm.astream_chat(messages, **call)
                (stream,) = opened
                assert isinstance(stream, AsyncStream)  # noqa: S101 - an awaited call opens no other
                return told.returns(await astreamed(chats, stream, told.answered))
            answer = told.returns(self._answer(await llm.achat(messages, **call)))
        told.answered(answer)
        return answer

    def _call_options(self) -> dict[str, Any]:
        return {**self._call, "instructions": self._guidance()}

    def _answer(self, chat: ChatResponse) -> TwelveLabsResponse | TwelveLabsPydanticResponse:
        response, facts = Response.model_validate(chat.raw), {**chat.additional_kwargs}
        if self._output_cls is None:
            return TwelveLabsResponse(response.text, source_nodes(response), facts)
        return TwelveLabsPydanticResponse(response.parsed(self._output_cls), source_nodes(response), facts)
