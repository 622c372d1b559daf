"""`ChatTwelveLabs` in chains of runnables: prompts, parsers, batches, branches, bound and configured options."""

from __future__ import annotations

import asyncio
from threading import Lock
from typing import TYPE_CHECKING, Any

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler, get_usage_metadata_callback
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.messages import AIMessage, HumanMessage, trim_messages
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import ConfigurableField, RunnableLambda, RunnableParallel
from langchain_core.runnables.history import RunnableWithMessageHistory
from pydantic import BaseModel

from langchain_twelvelabs import ChatTwelveLabs, citations, to_documents
from tests.langchain_twelvelabs.scripted_agent import ScriptedModel
from tests.langchain_twelvelabs.sent import FOLLOW_UP, OTHER, QUESTION, bodies, body, retold
from twelvelabs_responses import InternalServerError

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from twelvelabs_responses.emulator import Emulator

WAYS = pytest.mark.parametrize("way", ["invoke", "stream", "batch", "ainvoke", "astream", "abatch"])


def outputs(chain: Runnable[Any, Any], given: Any, way: str, config: Any = None) -> list[Any]:
    """Return what comes out of the chain, piece by piece where it streams."""

    async def awaited() -> list[Any]:
        if way == "astream":
            return [piece async for piece in chain.astream(given, config)]
        if way == "abatch":
            return await chain.abatch([given], config)
        return [await chain.ainvoke(given, config)]

    if way == "invoke":
        return [chain.invoke(given, config)]
    if way == "stream":
        return list(chain.stream(given, config))
    return chain.batch([given], config) if way == "batch" else asyncio.run(awaited())


# Prompts and parsers


@WAYS
def test_a_prompt_the_model_and_a_parser_give_text(model: ChatTwelveLabs, emulator: Emulator, way: str) -> None:
    prompt = ChatPromptTemplate([("system", "Speak {how}."), ("human", "Which clips show a {what}?")])
    pieces = outputs(prompt | model | StrOutputParser(), {"how": "plainly", "what": "goal"}, way)
    assert "".join(pieces).startswith("(Emulator) I looked through 16 sample items.")
    streams = way in ("stream", "astream")
    assert (len(pieces) > 10) is streams
    more = {"stream": True} if streams else {}
    assert bodies(emulator) == [body(emulator.knowledge_store_id, QUESTION, instructions="Speak plainly.", **more)]


def item_id(emulator: Emulator) -> str:
    return emulator.library.items[0].item_id


def test_a_selections_token_is_written_with_four_braces_in_a_template(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    chosen = {"kind": "item", "id": item_id(emulator)}
    prompt = ChatPromptTemplate([("human", "Who is in {{{{sel:0}}}}, {name}?")])
    (prompt | model.bind(selections=[chosen])).invoke({"name": "Ann"})
    text = "Who is in {{sel:0}}, Ann?"
    assert bodies(emulator) == [body(emulator.knowledge_store_id, text, selections=[chosen])]


def test_a_store_item_can_be_a_variable_of_a_template(model: ChatTwelveLabs, emulator: Emulator) -> None:
    content = [{"type": "text", "text": "Who is in "}, {"type": "video", "file_id": "{clip}"}]
    prompt = ChatPromptTemplate([("human", content)])
    (prompt | model).invoke({"clip": item_id(emulator)})
    chosen = {"kind": "item", "id": item_id(emulator)}
    assert bodies(emulator) == [body(emulator.knowledge_store_id, "Who is in {{sel:0}}", selections=[chosen])]


class Scorers(BaseModel):
    """Who scored."""

    names: list[str] = []


@pytest.mark.parametrize("way", ["stream", "astream"])
def test_a_typed_answer_grows_as_it_streams_through_a_chain(model: ChatTwelveLabs, way: str) -> None:
    prompt = ChatPromptTemplate([("human", "Which clips show a {what}?")])
    pieces = outputs(prompt | model.with_structured_output(Scorers), {"what": "goal"}, way)
    assert len(pieces) > 1
    assert all(isinstance(piece, Scorers) for piece in pieces)
    assert pieces[-1].names[: len(pieces[0].names)] == pieces[0].names


def test_citations_and_documents_are_steps_of_a_chain(model: ChatTwelveLabs) -> None:
    chain = model | RunnableParallel(cited=RunnableLambda(citations), documents=RunnableLambda(to_documents))
    found = chain.invoke(QUESTION)
    assert [citation.title for citation in found["cited"]] == ["Harbour City Derby: Rovers v United"] * 3
    assert len(found["documents"]) == 3


# Several at once


def test_of_two_branches_over_one_history_one_goes_on_and_the_other_begins_anew(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    answer = model.invoke(QUESTION)
    history = [HumanMessage(QUESTION), answer]
    branches = {ask: ChatPromptTemplate([*history, ("human", ask)]) | model for ask in (FOLLOW_UP, OTHER)}
    answers = RunnableParallel(branches).invoke({})
    session = answer.response_metadata["session_id"]
    going_on, anew = sorted(answers, key=lambda ask: answers[ask].response_metadata["session_id"] != session)
    assert answers[anew].response_metadata["session_id"] != session
    said = retold(("user", QUESTION), ("assistant", answer.text), now=anew)
    expected = [
        body(emulator.knowledge_store_id, going_on, session_id=session),
        body(emulator.knowledge_store_id, said),
    ]
    assert sorted(bodies(emulator)[1:], key=str) == sorted(expected, key=str)


def test_the_turn_after_two_branches_tells_its_session_of_the_answer_from_the_other(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    history = [HumanMessage(QUESTION), model.invoke(QUESTION), HumanMessage(FOLLOW_UP)]
    one, two = model.invoke(history), model.invoke(history)
    model.invoke([*history, one, two, HumanMessage(OTHER)])
    said = retold(("assistant", one.text), now=OTHER)
    expected = body(emulator.knowledge_store_id, said, session_id=two.response_metadata["session_id"])
    assert bodies(emulator)[-1] == expected


class InFlight(BaseCallbackHandler):
    """Counts how many calls of a model are under way at most."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._now = 0
        self.most = 0

    def on_chat_model_start(self, *_started: Any, **_facts: Any) -> None:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)

    def on_llm_end(self, *_ended: Any, **_facts: Any) -> None:
        with self._lock:
            self._now -= 1


@pytest.mark.parametrize("way", ["batch", "abatch"])
def test_a_batch_keeps_its_order_its_limit_and_a_session_for_each(
    model: ChatTwelveLabs, emulator: Emulator, way: str
) -> None:
    counter = InFlight()
    config: Any = {"max_concurrency": 2, "callbacks": [counter]}
    asked: list[Any] = [QUESTION, OTHER] * 3
    answers = model.batch(asked, config) if way == "batch" else asyncio.run(model.abatch(asked, config))
    assert counter.most <= 2
    rains = ["rain" in answer.text for answer in answers]
    assert rains == [False, True] * 3
    assert len({answer.response_metadata["session_id"] for answer in answers}) == 6
    assert len(emulator.exchanges) == 6


def test_of_a_batch_over_one_history_one_goes_on_and_the_others_begin_anew(
    model: ChatTwelveLabs, emulator: Emulator
) -> None:
    answer = model.invoke(QUESTION)
    asked: list[Any] = [[HumanMessage(QUESTION), answer, HumanMessage(FOLLOW_UP)]] * 4
    model.batch(asked)
    store, session = emulator.knowledge_store_id, answer.response_metadata["session_id"]
    forks = [body(store, retold(("user", QUESTION), ("assistant", answer.text), now=FOLLOW_UP))] * 3
    going_on = body(store, FOLLOW_UP, session_id=session)
    assert sorted(bodies(emulator)[1:], key=str) == sorted([going_on, *forks], key=str)
    assert len({exchange.session_id for exchange in emulator.exchanges}) == 4


def test_a_batch_gives_its_errors_in_their_places(model: ChatTwelveLabs, emulator: Emulator) -> None:
    emulator.fault = "500:once"
    failed, answered = model.batch([QUESTION, OTHER], {"max_concurrency": 1}, return_exceptions=True)
    assert isinstance(failed, InternalServerError)
    assert isinstance(answered, AIMessage)


# Histories


@pytest.mark.filterwarnings("ignore:RunnableWithMessageHistory is deprecated")
@pytest.mark.filterwarnings("ignore:The class `InMemoryChatMessageHistory` was deprecated")
@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke", "astream"])
def test_a_chain_with_a_message_history_goes_on_per_user(model: ChatTwelveLabs, emulator: Emulator, way: str) -> None:
    prompt = ChatPromptTemplate([("system", "Speak plainly."), MessagesPlaceholder("past"), ("human", "{question}")])
    histories = {"ann": InMemoryChatMessageHistory(), "bob": InMemoryChatMessageHistory()}
    chain = RunnableWithMessageHistory(
        prompt | model,
        lambda session_id: histories[session_id],
        input_messages_key="question",
        history_messages_key="past",
    )
    for question in (QUESTION, FOLLOW_UP):
        for user in histories:
            outputs(chain, {"question": question}, way, {"configurable": {"session_id": user}})
    ann, bob, *followed = [exchange.session_id for exchange in emulator.exchanges]
    assert ann != bob
    assert followed == [ann, bob]
    asked = [[item["content"] for item in each["input"]] for each in bodies(emulator)]
    assert asked == [[QUESTION], [QUESTION], [FOLLOW_UP], [FOLLOW_UP]]
    assert {each["instructions"] for each in bodies(emulator)} == {"Speak plainly."}


def test_a_history_that_is_trimmed_goes_on_with_its_session(model: ChatTwelveLabs, emulator: Emulator) -> None:
    history: list[Any] = [HumanMessage(QUESTION)]
    history += [model.invoke(history), HumanMessage(FOLLOW_UP)]
    longest = model.get_num_tokens_from_messages(history[1:])
    chain = trim_messages(max_tokens=longest, token_counter=model, strategy="last") | model
    chain.invoke(history)
    session = emulator.exchanges[0].session_id
    assert bodies(emulator)[1] == body(emulator.knowledge_store_id, FOLLOW_UP, session_id=session)


# Options


def test_bound_options_hold_for_each_call(model: ChatTwelveLabs, emulator: Emulator) -> None:
    session = model.invoke(QUESTION).response_metadata["session_id"]
    bound = model.bind(session_id=session, instructions="Be brief.", stop=["sample"])
    assert [bound.invoke(FOLLOW_UP).text for _ in range(2)] == ["(Emulator) I looked through 16 "] * 2
    expected = body(emulator.knowledge_store_id, FOLLOW_UP, session_id=session, instructions="Be brief.")
    assert bodies(emulator)[1:] == [expected] * 2


def test_options_can_be_chosen_per_run(model: ChatTwelveLabs, emulator: Emulator) -> None:
    chosen = model.configurable_fields(instructions=ConfigurableField(id="guidance"))
    for config in ({"guidance": "Be brief."}, {}):
        (chosen | StrOutputParser()).invoke(QUESTION, {"configurable": config})
    assert [each.get("instructions") for each in bodies(emulator)] == ["Be brief.", None]


def test_a_model_whose_options_are_chosen_per_run_knows_its_sessions_and_streams(model: ChatTwelveLabs) -> None:
    guided = model.configurable_fields(instructions=ConfigurableField(id="guidance"))
    chosen = guided.with_config(configurable={"guidance": "Be brief."})
    history = [HumanMessage(QUESTION), chosen.invoke(QUESTION), HumanMessage("And what is the penalty for?")]
    sessions = [chosen.invoke(history).response_metadata["session_id"] for _ in range(2)]
    assert sessions[0] == history[1].response_metadata["session_id"] != sessions[1]
    assert len(list(chosen.stream(QUESTION))) > 10


def test_the_model_can_be_one_of_several_alternatives(model: ChatTwelveLabs, emulator: Emulator) -> None:
    other = ScriptedModel(responses=[AIMessage("Hello")])
    either = other.configurable_alternatives(ConfigurableField(id="who"), default_key="other", videos=model)
    assert either.invoke(QUESTION).text == "Hello"
    answer = either.invoke(QUESTION, {"configurable": {"who": "videos"}})
    assert answer.response_metadata["session_id"] == emulator.exchanges[0].session_id


def test_callbacks_that_are_configured_hear_of_each_call(model: ChatTwelveLabs) -> None:
    counter = InFlight()
    chain = ChatPromptTemplate([("human", "{question}")]) | model.with_config(callbacks=[counter])
    chain.invoke({"question": QUESTION})
    assert counter.most == 1


@WAYS
def test_the_usage_callback_counts_what_the_answer_says(model: ChatTwelveLabs, way: str) -> None:
    answer = model.invoke(QUESTION)
    with get_usage_metadata_callback() as callback:
        outputs(model, QUESTION, way)
    assert callback.usage_metadata == {"jockey1.0": answer.usage_metadata}


@pytest.mark.filterwarnings("ignore:The method .* is in beta")
def test_the_usage_callback_counts_the_third_protocol_and_an_agent_too(model: ChatTwelveLabs) -> None:
    usage = model.invoke(QUESTION).usage_metadata
    with get_usage_metadata_callback() as callback:
        _ = model.stream_events(QUESTION, version="v3").output
        create_agent(model).invoke({"messages": [HumanMessage(QUESTION)]})
    assert usage is not None
    assert callback.usage_metadata["jockey1.0"]["total_tokens"] == usage["total_tokens"] * 2
