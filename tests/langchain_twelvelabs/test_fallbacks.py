"""Retries and fallbacks of LangChain around `ChatTwelveLabs`: what is sent again, what to whom, and what is not."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.exceptions import ModelAPIError, ModelConnectionError, ModelError, ModelRateLimitError
from langchain_core.language_models import FakeMessagesListChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from pydantic import Field

from langchain_twelvelabs import ChatTwelveLabs
from tests.langchain_twelvelabs.sent import FOLLOW_UP, OTHER, QUESTION, bodies, body, retold
from tests.langchain_twelvelabs.ways import WAYS, ask
from twelvelabs_responses import (
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    RateLimitError,
    ResponseFailedError,
    StreamInterruptedError,
)

if TYPE_CHECKING:
    from langchain_core.callbacks import CallbackManagerForLLMRun
    from langchain_core.outputs import ChatResult

    from twelvelabs_responses.emulator import Emulator

RETRYABLE = (ModelRateLimitError, ModelConnectionError)


class OtherModel(FakeMessagesListChatModel):
    """A model of another provider, which remembers the messages that it was given, and fails if it has no answer."""

    given: list[list[BaseMessage]] = Field(default_factory=list)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.given.append(messages)
        if not self.responses:
            raise ModelAPIError("out of order")
        return super()._generate(messages, stop, run_manager, **kwargs)


def other_model(*answers: str) -> OtherModel:
    """Return one whose answers name their provider and its ids, as ChatOpenAI's do."""
    facts = {"model_provider": "openai", "id": "resp_of_openai", "session_id": "sess_of_openai"}
    return OtherModel(responses=[AIMessage(answer, response_metadata=facts) for answer in answers])


@pytest.fixture
def model(emulator: Emulator) -> ChatTwelveLabs:
    """A model without retries of its own."""
    return ChatTwelveLabs(
        knowledge_store_id=emulator.knowledge_store_id,
        api_key="key-of-the-tests",
        base_url=emulator.base_url,
        max_retries=0,
    )


# Retries; LangChain repeats no stream


def retried(model: ChatTwelveLabs, kinds: Any = RETRYABLE) -> Any:
    return model.with_retry(retry_if_exception_type=kinds, wait_exponential_jitter=False, stop_after_attempt=3)


@pytest.mark.parametrize("way", ["invoke", "ainvoke"])
def test_what_the_service_refused_is_sent_again_in_the_same_session(
    model: ChatTwelveLabs, emulator: Emulator, way: str
) -> None:
    history = [HumanMessage(QUESTION), model.invoke(QUESTION), HumanMessage(FOLLOW_UP)]
    emulator.fault = "429-retry-after:2"
    answer = ask(retried(model), history, way)
    session = emulator.exchanges[0].session_id
    assert answer.response_metadata["session_id"] == session
    assert bodies(emulator)[1:] == [body(emulator.knowledge_store_id, FOLLOW_UP, session_id=session)] * 3


@pytest.mark.parametrize(
    ("fault", "kind", "times"),
    [
        ("429-retry-after", RateLimitError, 3),
        ("400-flat", BadRequestError, 1),
        ("401", AuthenticationError, 1),
        ("500", InternalServerError, 1),
        ("failed", ResponseFailedError, 1),
    ],
)
def test_a_retry_by_langchains_kinds_repeats_no_turn_that_may_be_taken(
    model: ChatTwelveLabs, emulator: Emulator, fault: str, kind: type[Exception], times: int
) -> None:
    emulator.fault = fault
    with pytest.raises(kind):
        retried(model).invoke(QUESTION)
    assert len(emulator.exchanges) == times


def is_retryable(error: BaseException) -> bool:
    return isinstance(error, ModelError) and error.is_retryable


@pytest.mark.skipif(
    "Callable" not in str(signature(ChatTwelveLabs.with_retry).parameters["retry_if_exception_type"].annotation),
    reason="this version of LangChain asks the kind of an error only",
)
@pytest.mark.parametrize(("fault", "times"), [("429-quota", 1), ("503-retry-after", 3), ("503", 1), ("drop", 1)])
def test_a_retry_that_asks_the_error_repeats_only_what_was_not_begun(
    model: ChatTwelveLabs, emulator: Emulator, fault: str, times: int
) -> None:
    emulator.fault = fault
    with pytest.raises(ModelError):
        retried(model, is_retryable).invoke(QUESTION)
    assert len(emulator.exchanges) == times


def test_a_retry_of_everything_repeats_no_turn_in_its_session(model: ChatTwelveLabs, emulator: Emulator) -> None:
    answer = model.invoke(QUESTION)
    emulator.fault = "500:once"
    retried(model, (Exception,)).invoke([HumanMessage(QUESTION), answer, HumanMessage(FOLLOW_UP)])
    assert bodies(emulator)[1:] == [
        body(emulator.knowledge_store_id, FOLLOW_UP, session_id=emulator.exchanges[0].session_id),
        body(emulator.knowledge_store_id, retold(("user", QUESTION), ("assistant", answer.text), now=FOLLOW_UP)),
    ]


# Fallbacks


@WAYS
def test_another_model_answers_in_between_and_its_answer_goes_along(
    model: ChatTwelveLabs, emulator: Emulator, way: str
) -> None:
    chain: Any = model.with_fallbacks([other_model("For a handball.")])
    history: list[BaseMessage] = []
    for question, fault in ((QUESTION, None), (FOLLOW_UP, "429-long"), (OTHER, None)):
        emulator.fault = fault
        history.append(HumanMessage(question))
        history.append(ask(chain, history, way))
    session = emulator.exchanges[0].session_id
    more = {"stream": True} if way.endswith("stream") else {}
    said = retold(("user", FOLLOW_UP), ("assistant", "For a handball."), now=OTHER)
    assert bodies(emulator)[1:] == [
        body(emulator.knowledge_store_id, FOLLOW_UP, session_id=session, **more),
        body(emulator.knowledge_store_id, said, session_id=session, **more),
    ]


def test_after_a_turn_that_may_be_taken_all_that_was_said_goes_to_a_new_session(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    chain: Any = model.with_fallbacks([other_model("For a handball.")])
    history: list[BaseMessage] = [HumanMessage(QUESTION)]
    history += [chain.invoke(history), HumanMessage(FOLLOW_UP)]
    emulator.fault = "500:once"
    history += [chain.invoke(history), HumanMessage(OTHER)]
    chain.invoke(history)
    said = [("user", QUESTION), ("assistant", history[1].text), ("user", FOLLOW_UP), ("assistant", "For a handball.")]
    assert bodies(emulator)[2:] == [body(emulator.knowledge_store_id, retold(*said, now=OTHER))]


@WAYS
def test_the_videos_answer_where_another_model_fails(model: ChatTwelveLabs, emulator: Emulator, way: str) -> None:
    chain: Any = other_model().with_fallbacks([model])
    history: list[BaseMessage] = [HumanMessage(QUESTION)]
    history += [ask(chain, history, way), HumanMessage(FOLLOW_UP)]
    assert "handball" in ask(chain, history, way).text
    session = emulator.exchanges[0].session_id
    more = {"stream": True} if way.endswith("stream") else {}
    assert bodies(emulator) == [
        body(emulator.knowledge_store_id, QUESTION, **more),
        body(emulator.knowledge_store_id, FOLLOW_UP, session_id=session, **more),
    ]


def test_a_stream_that_has_begun_is_not_answered_by_another_model(model: ChatTwelveLabs, emulator: Emulator) -> None:
    emulator.fault = "cut"
    other = other_model("For a handball.")
    with pytest.raises(StreamInterruptedError):
        list(model.with_fallbacks([other]).stream(QUESTION))
    assert not other.given


# Ids stay with their provider


def test_no_id_of_ours_looks_like_one_that_another_provider_goes_on_with(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    answer = model.invoke(QUESTION)
    emulator.fault = "429-long"
    other = other_model("For a handball.")
    model.with_fallbacks([other]).invoke([HumanMessage(QUESTION), answer, HumanMessage(FOLLOW_UP)])
    shown = other.given[0][1]
    # ChatOpenAI goes on from the `id` that it finds here if it starts with `resp_`, whoever has put it there.
    assert "id" not in shown.response_metadata
    assert not {"previous_response_id", "id"} & shown.additional_kwargs.keys()


def test_no_id_of_another_provider_is_sent_to_ours(model: ChatTwelveLabs, emulator: Emulator) -> None:
    answer = other_model("Hello").invoke("Hi")
    model.invoke([HumanMessage("Hi"), answer, HumanMessage(QUESTION)])
    said = retold(("user", "Hi"), ("assistant", "Hello"), now=QUESTION)
    assert bodies(emulator) == [body(emulator.knowledge_store_id, said)]
    assert "of_openai" not in str(bodies(emulator))
