"""`create_video_tool`: a tool by which an agent that another model drives asks the videos."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, Protocol, runtime_checkable

# Needed at run time: LangChain reads the annotations of the functions that a tool calls.
from langchain_core.callbacks import BaseCallbackManager  # noqa: TC002
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig, patch_config
from langchain_core.tools import InjectedToolArg, StructuredTool, ToolException
from pydantic import BaseModel, Field

from langchain_twelvelabs._errors import as_model_errors
from langchain_twelvelabs._input import session_message
from langchain_twelvelabs._tool_answer import artifact, content
from langchain_twelvelabs._tool_errors import comes_from_service, trouble
from twelvelabs_responses import InvalidArgumentError, ResponsesError, Session, SessionError, Sessions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from langchain_core.messages import AIMessageChunk, BaseMessage
    from langchain_core.tools import BaseTool

    from langchain_twelvelabs.chat_models import ChatTwelveLabs

_DESCRIPTION = (
    "Asks a collection of videos what they show and what is said in them. Answers in text; its markers, such as [1], "
    "stand for the moments listed at the end. An answer takes up to three minutes. A question may follow up on earlier "
    "ones, unless an answer says that it does not know them."
)
_FORGOTTEN = (
    "(Note: this answer comes from a new conversation with the videos. It does not know the earlier questions and "
    "answers; repeat in the next question what matters of them.)"
)


class _Question(BaseModel):
    question: str = Field(description="The question, in plain words.")


@runtime_checkable
class _Runtime(Protocol):
    """What we use of LangGraph's `ToolRuntime`.

    LangGraph hands it to a parameter named `runtime` whatever its type, so that we can ask for it without LangGraph.
    """

    state: Any
    tool_call_id: str | None
    stream_writer: Callable[[Any], None]


def create_video_tool(model: ChatTwelveLabs, *, name: str = "ask_videos", description: str = _DESCRIPTION) -> BaseTool:
    """Return a tool that asks the videos of the model's knowledge store.

    Its content is the answer with its markers, and a numbered list of what they stand for. Its artifact is a `dict` of
    JSON values: `session_id`, `response_id`, `knowledge_store_id`, `citations` (the fields of
    `twelvelabs_responses.Citation`; the markers are spans of the content, and the URLs expire), `usage`.

    In a LangGraph agent, a question goes on with the session of the tool's last answer in the thread, found in its
    message. So it survives restarts wherever the thread does. A session that has moved on since (time travel), that is
    busy or in doubt is left for a new one, and the content says so; of several questions in one turn the last goes on,
    the others begin new sessions. Elsewhere each call begins a new one.

    The answer's tokens reach `stream_mode="messages"`; what the service says on the way there reaches
    `stream_mode="custom"` as `{"tool", "tool_call_id", "commentary"}`, piece by piece.

    What the driving model can act on is a tool error in words: a refused question, a rate limit, a used-up quota, a
    lost session, a failed or interrupted answer with the text so far. What it cannot is raised: a wrong key, a store
    that is not there, a wrong option of the model.

    Args:
        model: What asks; nothing is kept on it, nor on the tool, so threads and users may share both.
        name: The name for the driving model. Sessions follow it: give each tool of an agent its own.
        description: What the driving model is told about the tool; say what the videos are about.

    Raises:
        InvalidArgumentError: The model is no `ChatTwelveLabs`.
    """
    # A model with options bound is no ChatTwelveLabs, and passes on what it is asked for.
    if not isinstance(getattr(model, "sessions", None), Sessions):
        with as_model_errors():
            raise InvalidArgumentError("model", f"a {type(model).__name__}", "a ChatTwelveLabs")
    videos = _Videos(model, name)
    return StructuredTool(
        name=name,
        description=description,
        args_schema=_Question,
        func=videos.ask,
        coroutine=videos.aask,
        response_format="content_and_artifact",
        handle_tool_error=True,
    )


@dataclass(frozen=True, slots=True)
class _Videos:
    model: ChatTwelveLabs
    name: str

    def ask(
        self,
        question: str,
        config: RunnableConfig,
        callbacks: BaseCallbackManager | None = None,
        runtime: Annotated[_Runtime | None, InjectedToolArg()] = None,
    ) -> tuple[str, dict[str, Any]]:
        turn = _Turn(self, runtime)
        config = patch_config(config, callbacks=callbacks)
        try:
            for chunk in self.model.stream(turn.messages(question), config, **turn.options()):
                turn.take(chunk)
        except ResponsesError as error:
            turn.fail(error)
        return turn.answer()

    async def aask(
        self,
        question: str,
        config: RunnableConfig,
        callbacks: BaseCallbackManager | None = None,
        runtime: Annotated[_Runtime | None, InjectedToolArg()] = None,
    ) -> tuple[str, dict[str, Any]]:
        turn = _Turn(self, runtime)
        config = patch_config(config, callbacks=callbacks)
        try:
            async for chunk in self.model.astream(turn.messages(question), config, **turn.options()):
                turn.take(chunk)
        except ResponsesError as error:
            turn.fail(error)
        return turn.answer()


class _Turn:
    """One question: the session that it goes on with, what is told on the way, and what comes of it."""

    def __init__(self, videos: _Videos, runtime: object) -> None:
        self._videos = videos
        # Whoever calls the tool without LangGraph may pass on what a driving model made up.
        self._runtime = runtime if isinstance(runtime, _Runtime) else None
        messages = _messages(self._runtime.state) if self._runtime else ()
        answers = _answers(messages, videos.name)
        self._earlier = answers[-1] if answers else None
        self._continued = () if self._is_followed(messages) else answers
        self._chunks: list[AIMessageChunk] = []

    def messages(self, question: str) -> list[BaseMessage]:
        # All of the history that the model needs is where its session stands. Should that be stale, it begins a new
        # one, and there is nothing for a transcript: what was said is the driving model's to repeat.
        return [*map(session_message, self._continued), HumanMessage(question)]

    def options(self) -> dict[str, Any]:
        options: dict[str, Any] = {"session_id": None, "on_stale_session": "fork"} if self._continued else {}
        # In a graph somebody may be watching; elsewhere the model's own setting holds.
        return options | ({"include": ("intermediate_outputs",)} if self._runtime else {})

    def take(self, chunk: AIMessageChunk) -> None:
        self._chunks.append(chunk)
        if self._runtime is None or isinstance(chunk.content, str):
            return
        told = {"tool": self._videos.name, "tool_call_id": self._runtime.tool_call_id}
        for block in chunk.content_blocks:
            if block["type"] == "reasoning" and block.get("reasoning"):
                self._runtime.stream_writer(told | {"commentary": block["reasoning"]})

    def answer(self) -> tuple[str, dict[str, Any]]:
        first, *rest = self._chunks
        message = first + rest if rest else first
        found = artifact(message, self._videos.model.knowledge_store_id)
        forgotten = self._earlier is not None and self._earlier.session_id != found["session_id"]
        return content(message, _FORGOTTEN if forgotten else ""), found

    def fail(self, error: ResponsesError) -> NoReturn:
        """Raise what has gone wrong, for whoever can do something about it.

        Raises:
            ToolException: What the driving model can act on.
            ResponsesError: What it cannot.
        """
        if isinstance(error, SessionError) and comes_from_service(error):
            # Lost: the thread still names it, so remember not to try again.
            self._videos.model.sessions.left(error.session_id)
        told = trouble(error)
        if told is None:
            raise error
        raise ToolException(told) from error

    def _is_followed(self, messages: Sequence[object]) -> bool:
        """Say whether the same turn of the driving model asks something else after this.

        One session takes one turn at a time. The last goes on, because the thread's next turn follows the last answer.
        """
        call_id = self._runtime.tool_call_id if self._runtime else None
        answers = (message for message in reversed(messages) if isinstance(message, AIMessage))
        calls = next((answer.tool_calls for answer in answers), [])
        return call_id in [call["id"] for call in calls if call["name"] == self._videos.name][:-1]


def _messages(state: object) -> Sequence[object]:
    """Return the messages of a graph's state: a list of them, or a mapping or an object that holds one."""
    found = state.get("messages") if isinstance(state, Mapping) else getattr(state, "messages", state)
    return found if isinstance(found, (list, tuple)) else ()


def _answers(messages: Sequence[object], name: str) -> list[Session]:
    """Return where each of the tool's answers left the conversation with the videos, as far as the last one's goes."""
    answers: list[Session] = []
    for message in messages:
        if isinstance(message, ToolMessage) and message.name == name and isinstance(message.artifact, Mapping):
            ids = [message.artifact.get(field) for field in ("session_id", "response_id", "knowledge_store_id")]
            if ids[0]:
                answers.append(Session(*(str(each or "") for each in ids)))
    return [answer for answer in answers if answer.session_id == answers[-1].session_id]
