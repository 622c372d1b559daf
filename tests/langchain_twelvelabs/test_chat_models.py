from __future__ import annotations

import asyncio
import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.exceptions import ModelInvalidRequestError, ModelRateLimitError
from langchain_core.load import dumpd, load
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration
from langchain_core.runnables import ConfigurableField
from pydantic import BaseModel, ValidationError

from langchain_twelvelabs import ChatTwelveLabs, citations
from langchain_twelvelabs._structured import response_format
from tests.langchain_twelvelabs.ways import WAYS, ask
from twelvelabs_responses import (
    BadRequestError,
    Client,
    InternalServerError,
    InvalidArgumentError,
    NotFoundError,
    RateLimitError,
    Selection,
    SessionError,
    StreamInterruptedError,
)
from twelvelabs_responses.emulator import Emulator

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import LLMResult

QUESTION = "Which clips show a goal?"


@WAYS
def test_an_answer_carries_its_text_session_usage_and_citations(
    model: ChatTwelveLabs, emulator: Emulator, way: str
) -> None:
    answer = ask(model, [HumanMessage(QUESTION)], way)
    exchange = emulator.exchanges[-1]
    assert answer.text.startswith("(Emulator)")
    assert answer.id == exchange.response_id
    assert answer.response_metadata["session_id"] == exchange.session_id
    assert answer.response_metadata["response_id"] == exchange.response_id
    assert answer.response_metadata["knowledge_store_id"] == emulator.knowledge_store_id
    assert answer.response_metadata["model_provider"] == "twelvelabs"
    assert answer.response_metadata["model_name"] == "jockey1.0"
    assert answer.response_metadata["status"] == "completed"
    assert answer.usage_metadata is not None
    markers = [answer.text[found.start : found.end] for found in citations(answer)]
    assert markers == ["[1]", "[2]", "[3]"]


def test_all_ways_give_the_same_answer(model: ChatTwelveLabs) -> None:
    answers = [ask(model, [HumanMessage(QUESTION)], way) for way in ("invoke", "ainvoke", "stream", "astream")]
    assert len({answer.text for answer in answers}) == 1
    assert len({str(citations(answer)) for answer in answers}) == 1
    assert len({str(answer.usage_metadata) for answer in answers}) == 1
    facts = [sorted(answer.response_metadata) for answer in answers]
    assert facts == [facts[0]] * 4


@WAYS
def test_a_second_turn_sends_only_what_is_new_in_the_same_session(
    model: ChatTwelveLabs, emulator: Emulator, way: str
) -> None:
    first: list[BaseMessage] = [SystemMessage("Speak plainly."), HumanMessage(QUESTION)]
    answer = ask(model, first, way)
    followed = ask(model, [*first, answer, HumanMessage("And what is the penalty for?")], way)
    assert "handball" in followed.text
    body = emulator.exchanges[-1].body or {}
    assert body["input"] == [{"type": "message", "role": "user", "content": "And what is the penalty for?"}]
    assert body["session_id"] == answer.response_metadata["session_id"]
    assert body["instructions"] == "Speak plainly."


def test_a_turn_followed_through_one_twin_is_stale_for_the_other(model: ChatTwelveLabs) -> None:
    history: list[BaseMessage] = [HumanMessage(QUESTION)]
    history += [model.invoke(history), HumanMessage("And then?")]
    asyncio.run(model.ainvoke(history))
    forked = model.invoke(history)
    assert forked.response_metadata["session_id"] != history[1].response_metadata["session_id"]


def test_a_turn_asked_through_one_twin_can_be_followed_through_the_other(model: ChatTwelveLabs) -> None:
    history: list[BaseMessage] = []
    for way in ("invoke", "astream", "stream", "ainvoke"):
        history.append(HumanMessage(QUESTION))
        history.append(ask(model, history, way))
    sessions = {message.response_metadata["session_id"] for message in history[1::2]}
    assert len(sessions) == 1


def branched(model: ChatTwelveLabs) -> list[BaseMessage]:
    """Return a history whose last answer has been followed already."""
    history: list[BaseMessage] = [HumanMessage(QUESTION)]
    history.append(model.invoke(history))
    model.invoke([*history, HumanMessage("And then?")])
    return [*history, HumanMessage("Or rather?")]


def test_a_history_that_was_answered_already_begins_a_new_session_with_a_transcript(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    answer = model.invoke(branched(model))
    body: dict[str, Any] = emulator.exchanges[-1].body or {}
    (item,) = body["input"]
    assert "session_id" not in body
    assert item["content"].startswith("The conversation so far:")
    assert f'<message role="user">{QUESTION}</message>' in item["content"]
    assert item["content"].endswith("The new message:\nOr rather?")
    assert answer.response_metadata["session_id"] == emulator.exchanges[-1].session_id


def test_a_stale_history_goes_on_or_is_refused_if_asked_for(model: ChatTwelveLabs) -> None:
    history = branched(model)
    going_on = model.invoke(history, on_stale_session="continue")
    assert going_on.response_metadata["session_id"] == history[1].response_metadata["session_id"]
    with pytest.raises(SessionError, match="has moved on since resp_"):
        model.invoke(history, on_stale_session="error")


def test_a_turn_that_failed_leaves_its_session_in_doubt_so_the_next_begins_anew(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    history: list[BaseMessage] = [HumanMessage(QUESTION)]
    history += [model.invoke(history), HumanMessage("And then?")]
    emulator.fault = "500:once"
    with pytest.raises(InternalServerError):
        model.invoke(history)
    assert model.invoke(history).response_metadata["session_id"] != history[1].response_metadata["session_id"]


def test_another_models_answer_goes_along_as_a_transcript(model: ChatTwelveLabs, emulator: Emulator) -> None:
    model.invoke([HumanMessage("Hi"), AIMessage("Hello"), HumanMessage(QUESTION)])
    body: dict[str, Any] = emulator.exchanges[-1].body or {}
    (item,) = body["input"]
    assert '<message role="assistant">Hello</message>' in item["content"]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "no user message"),
        ([SystemMessage("Be brief.")], "no user message"),
        ([HumanMessage("Hi"), ToolMessage("3", tool_call_id="1")], "no user message"),
        ([HumanMessage([{"type": "image", "url": "https://example.com/a.png"}])], "a block of type image"),
        ([HumanMessage("")], "0 characters"),
        ([SystemMessage("x" * 2001), HumanMessage("Hi")], "2,001 characters"),
    ],
)
def test_messages_that_cannot_be_sent_are_refused_before_anything_is(
    model: ChatTwelveLabs, emulator: Emulator, messages: list[BaseMessage], words: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        model.invoke(messages)
    assert not emulator.exchanges


def test_tokens_reach_the_callbacks_before_the_caller_and_once_each(model: ChatTwelveLabs) -> None:
    seen: list[str] = []

    class Listener(BaseCallbackHandler):
        def on_llm_new_token(self, token: Any, **_facts: Any) -> None:
            seen.append(token)

    texts = [chunk.text for chunk in model.stream(QUESTION, config={"callbacks": [Listener()]})]
    assert [token for token in seen if token] == [text for text in texts if text]
    assert len(texts) > 10


# LangChain's own word about its third protocol.
BETA = pytest.mark.filterwarnings("ignore:The method .* is in beta")


@BETA
async def test_an_async_callback_hears_the_tokens_too(model: ChatTwelveLabs) -> None:
    seen: list[str] = []

    class Listener(AsyncCallbackHandler):
        async def on_llm_new_token(self, token: Any, **_facts: Any) -> None:
            seen.append(token)

    stream = await model.astream_events(QUESTION, version="v3", config={"callbacks": [Listener()]})
    assert "".join([text async for text in stream.text]).startswith("(Emulator)")
    assert "".join(seen).startswith("(Emulator)")


@BETA
def test_the_protocol_events_give_the_same_text(model: ChatTwelveLabs) -> None:
    streamed = model.stream_events(QUESTION, version="v3")
    assert streamed.output.text == model.invoke(QUESTION).text


def test_an_error_of_the_service_raises_with_its_type(model: ChatTwelveLabs, emulator: Emulator) -> None:
    emulator.fault = "429-long"
    with pytest.raises(RateLimitError) as caught:
        model.invoke(QUESTION)
    assert caught.value.retry_after == 3600.0


class Failures(BaseCallbackHandler):
    def __init__(self) -> None:
        self.told: list[LLMResult] = []

    def on_llm_error(self, *_error: BaseException, **facts: Any) -> None:
        self.told.append(facts["response"])


def test_a_trace_of_a_refusal_shows_the_services_answer_and_no_key(model: ChatTwelveLabs, emulator: Emulator) -> None:
    emulator.fault, failures = "400-flat", Failures()
    with pytest.raises(BadRequestError):
        model.invoke(QUESTION, config={"callbacks": [failures]})
    ((generation,),) = failures.told[0].generations
    assert isinstance(generation, ChatGeneration)
    facts = generation.message.response_metadata
    assert (facts["status_code"], facts["body"]["code"]) == (400, "parameter_invalid")
    assert "key-of-the-tests" not in str(failures.told)


def test_a_trace_of_a_broken_stream_shows_the_text_so_far(model: ChatTwelveLabs, emulator: Emulator) -> None:
    emulator.fault, failures = "cut", Failures()
    with pytest.raises(StreamInterruptedError) as caught:
        list(model.stream(QUESTION, config={"callbacks": [failures]}))
    told = [generation.text for generation in failures.told[0].generations[0]]
    assert caught.value.text.startswith("(Emulator)")
    assert caught.value.text in told


def test_without_a_key_the_constructor_says_where_to_get_one() -> None:
    with pytest.raises(ValidationError, match=r"TWELVELABS_API_KEY.*playground.twelvelabs.io"):
        ChatTwelveLabs(knowledge_store_id="ks_1")


def test_a_key_of_the_environment_that_is_refused_is_told_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWELVE_LABS_API_KEY", "a key\n")
    with pytest.raises(ValidationError, match="in it, from TWELVE_LABS_API_KEY; allowed: visible ASCII"):
        ChatTwelveLabs(knowledge_store_id="ks_1")
    with pytest.raises(ValidationError, match="in it; allowed: visible ASCII"):
        ChatTwelveLabs(knowledge_store_id="ks_1", api_key="a key\n")


def test_a_list_is_taken_and_kept_as_it_was() -> None:
    goals = Selection(kind="item", id="ksi_goals")
    selections = [goals]
    model = ChatTwelveLabs(
        knowledge_store_id="ks_1", api_key="key-of-the-tests", include=["intermediate_outputs"], selections=selections
    )
    selections.clear()
    assert (model.include, model.selections) == (("intermediate_outputs",), (goals,))


def test_a_misspelt_option_is_refused() -> None:
    with pytest.raises(ValidationError, match="knowlege_store_id"):
        ChatTwelveLabs.model_validate({"knowledge_store_id": "ks_1", "api_key": "k", "knowlege_store_id": "x"})


def test_a_misspelt_call_option_is_refused(model: ChatTwelveLabs) -> None:
    with pytest.raises(InvalidArgumentError, match="sesion_id"):
        model.invoke(QUESTION, sesion_id="sess_1")


@WAYS
def test_the_text_ends_before_a_stop_sequence(model: ChatTwelveLabs, way: str) -> None:
    stopping = model.model_copy(update={"stop": ["sample", "items"]})
    assert ask(stopping, [HumanMessage(QUESTION)], way).text == "(Emulator) I looked through 16 "


def test_stop_of_a_call_wins_over_the_models(model: ChatTwelveLabs) -> None:
    stopping = model.model_copy(update={"stop": ["sample"]})
    assert stopping.invoke(QUESTION, stop=["looked"]).text == "(Emulator) I "


class Scorers(BaseModel):
    """Who scored."""

    names: list[str]


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
def test_typed_answers_come_back_typed(model: ChatTwelveLabs, emulator: Emulator, method: str) -> None:
    typed = model.with_structured_output(Scorers, method=method)
    assert isinstance(typed.invoke(QUESTION), Scorers)
    assert isinstance(asyncio.run(typed.ainvoke(QUESTION)), Scorers)
    text: Any = (emulator.exchanges[-1].body or {})["text"]
    assert (text["format"]["type"], text["format"]["name"]) == ("json_schema", "Scorers")


def test_typed_answers_refuse_what_they_do_not_know(model: ChatTwelveLabs) -> None:
    for options in ({"method": "magic"}, {"colour": "red"}):
        with pytest.raises(ModelInvalidRequestError, match=r"magic|colour"):
            model.with_structured_output(Scorers, **options)  # type: ignore[arg-type]  # the point


def test_an_agent_with_a_response_format_gets_its_object(model: ChatTwelveLabs) -> None:
    bound = model.bind_tools([], response_format=response_format(Scorers))
    assert isinstance(Scorers.model_validate_json(bound.invoke(QUESTION).text), Scorers)


def test_tools_are_refused_with_what_to_use_instead(model: ChatTwelveLabs) -> None:
    with pytest.raises(InvalidArgumentError, match="create_video_tool"):
        model.bind_tools([{"name": "look"}])
    with pytest.raises(InvalidArgumentError, match="create_video_tool"):
        model.invoke(QUESTION, tools=[{"name": "look"}])


def test_options_of_other_models_are_taken_with_a_warning_and_not_sent(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    with pytest.warns(UserWarning, match="temperature, top_p: TwelveLabs has no such option"):
        model.invoke(QUESTION, temperature=0, top_p=1, seed=None)
    assert not {"temperature", "top_p", "seed"} & set(emulator.exchanges[-1].body or {})
    with pytest.warns(UserWarning, match="max_tokens"):
        ChatTwelveLabs.model_validate({"knowledge_store_id": "ks_1", "api_key": "k", "max_tokens": 10})


def test_an_error_is_langchains_too(model: ChatTwelveLabs, emulator: Emulator) -> None:
    emulator.fault = "429-long"
    with pytest.raises(ModelRateLimitError) as caught:
        model.invoke(QUESTION)
    assert caught.value.is_retryable


def test_a_pickled_model_holds_no_key_and_answers_where_there_is_one(
    model: ChatTwelveLabs, monkeypatch: pytest.MonkeyPatch
) -> None:
    pickled = pickle.dumps(model)
    assert b"key-of-the-tests" not in pickled
    monkeypatch.setenv("TWELVELABS_API_KEY", "key-of-the-other-process")
    assert pickle.loads(pickled).invoke(QUESTION).text.startswith("(Emulator)")  # noqa: S301 - pickled above


def test_a_copied_model_answers_and_shares_its_memory_of_sessions(model: ChatTwelveLabs) -> None:
    for copied in (copy.copy(model), copy.deepcopy(model)):
        assert copied.invoke(QUESTION).text.startswith("(Emulator)")
        assert copied.sessions is model.sessions


def test_a_copy_with_changes_asks_where_they_say_and_shares_its_memory_of_sessions(model: ChatTwelveLabs) -> None:
    with Emulator() as elsewhere:
        copied = model.model_copy(
            update={"base_url": elsewhere.base_url, "knowledge_store_id": elsewhere.knowledge_store_id}
        )
        answer = copied.invoke(QUESTION)
        assert elsewhere.exchanges[0].session_id == answer.response_metadata["session_id"]
    assert copied.sessions is model.sessions
    assert copied.base_url != model.base_url


@pytest.mark.parametrize("wrong", [{"cache": True}, {"timeout": 0}, {"timeouts": 5}, {"stop": "END"}])
def test_a_copy_with_a_wrong_change_is_refused(model: ChatTwelveLabs, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_copy(update=wrong)


@pytest.mark.parametrize("name", ["api_key", "base_url", "timeout", "max_retries", "client", "async_client"])
def test_what_the_models_client_was_made_of_cannot_be_set_afterwards(model: ChatTwelveLabs, name: str) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        setattr(model, name, None)


def test_models_that_share_a_memory_of_sessions_know_of_each_others_turns(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    other = ChatTwelveLabs(
        knowledge_store_id=emulator.knowledge_store_id,
        api_key="key-of-the-tests",
        base_url=emulator.base_url,
        sessions=model.sessions,
    )
    history = [HumanMessage(QUESTION), model.invoke(QUESTION), HumanMessage("And what is the penalty for?")]
    first, second = (each.invoke(history).response_metadata["session_id"] for each in (model, other))
    assert first == history[1].response_metadata["session_id"] != second


@WAYS
def test_a_wrong_stop_sequence_is_refused_before_a_turn_is_made(
    model: ChatTwelveLabs, emulator: Emulator, way: str
) -> None:
    with pytest.raises(InvalidArgumentError, match="stop: got 'END'"):
        ask(model, QUESTION, way, stop="END")
    assert len(emulator.exchanges) == 0


@pytest.mark.filterwarnings("ignore:The function `load` is in beta")
def test_a_model_is_written_down_without_its_key_and_read_again(
    model: ChatTwelveLabs, monkeypatch: pytest.MonkeyPatch
) -> None:
    goals = Selection(kind="item", id="ksi_goals")
    written = dumpd(model.model_copy(update={"selections": [goals]}))
    assert "key-of-the-tests" not in str(written)
    monkeypatch.setenv("TWELVELABS_API_KEY", "key-of-the-other-process")
    read = load(
        written,
        allowed_objects=[ChatTwelveLabs],
        valid_namespaces=["langchain_twelvelabs"],
        secrets_from_env=True,
    )
    assert read.selections == (goals,)
    assert read.invoke(QUESTION, selections=()).text.startswith("(Emulator)")


def test_the_profile_claims_no_more_than_there_is(model: ChatTwelveLabs) -> None:
    profile = model.profile or {}
    assert (profile["structured_output"], profile["tool_calling"], profile["image_inputs"]) == (True, False, False)
    assert model.get_num_tokens("Which clips show a goal?") > 0


def test_a_store_can_be_chosen_per_run(model: ChatTwelveLabs, emulator: Emulator) -> None:
    chosen = model.configurable_fields(knowledge_store_id=ConfigurableField(id="store"))
    with pytest.raises(NotFoundError):
        chosen.invoke(QUESTION, config={"configurable": {"store": "ks_other"}})
    assert (emulator.exchanges[-1].body or {})["knowledge_store_id"] == "ks_other"


def test_the_key_is_in_no_repr_and_no_dump(model: ChatTwelveLabs) -> None:
    assert "key-of-the-tests" not in f"{model!r} {model} {model.model_dump_json()} {model._identifying_params}"


def test_given_clients_are_used_and_need_no_key(emulator: Emulator) -> None:
    client = Client(api_key="key-of-the-tests", base_url=emulator.base_url)
    model = ChatTwelveLabs(knowledge_store_id=emulator.knowledge_store_id, client=client)
    assert model.invoke(QUESTION).text == asyncio.run(model.ainvoke(QUESTION)).text
    assert model._async_client.sessions is client.sessions
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        model.invoke(QUESTION)


def test_traces_name_the_provider_and_the_model(model: ChatTwelveLabs) -> None:
    params = model._get_ls_params()
    assert (params["ls_provider"], params["ls_model_name"]) == ("twelvelabs", "jockey1.0")
    assert model._llm_type == "twelvelabs"
    assert model.lc_secrets == {"api_key": "TWELVELABS_API_KEY"}


def test_instructions_of_the_model_come_before_the_system_messages(model: ChatTwelveLabs, emulator: Emulator) -> None:
    told = model.model_copy(update={"instructions": "Speak plainly."})
    told.invoke([HumanMessage(QUESTION), SystemMessage("Be brief.")])
    assert (emulator.exchanges[-1].body or {})["instructions"] == "Speak plainly.\n\nBe brief."
