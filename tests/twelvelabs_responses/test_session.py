from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from time import sleep
from typing import TYPE_CHECKING, Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sessions import continued
from twelvelabs_responses._errors import InvalidArgumentError, SessionError
from twelvelabs_responses._session import Session, Sessions

if TYPE_CHECKING:
    from twelvelabs_responses._session import OnStaleSession


def answer(response_id: str, session_id: str = "sess_1") -> Session:
    return Session(session_id=session_id, response_id=response_id, knowledge_store_id="ks_1")


def after(*response_ids: str) -> Sessions:
    sessions = Sessions()
    for response_id in response_ids:
        sessions.begin("sess_1")
        sessions.answered("sess_1", response_id)
    return sessions


def test_a_session_that_this_process_has_not_seen_goes_on() -> None:
    assert continued(Sessions(), answer("resp_1")) == "sess_1"


def test_the_newest_answer_of_a_session_goes_on() -> None:
    sessions = after("resp_1", "resp_2")
    assert continued(sessions, answer("resp_2")) == "sess_1"
    assert continued(sessions, answer("resp_2")) == "sess_1"


def test_an_answer_that_another_has_followed_begins_a_new_session() -> None:
    assert continued(after("resp_1", "resp_2"), answer("resp_1")) is None


def test_an_answer_that_a_history_shows_to_be_followed_begins_a_new_session() -> None:
    sessions = Sessions()
    sessions.followed([answer("resp_1"), answer("")])
    assert continued(sessions, answer("resp_1")) is None
    assert continued(sessions, answer("resp_2")) == continued(sessions, answer("")) == "sess_1"


def test_an_answer_without_an_id_is_not_taken_for_another_sessions_that_has_none_either() -> None:
    sessions = Sessions()
    with sessions.claim(answer("")) as claim:
        sessions.begin("sess_1", None, claim)
    sessions.answered("sess_1", "resp_2")
    assert continued(sessions, Session("sess_2", "", "ks_1")) == "sess_2"


@pytest.mark.parametrize("no_id", [None, ""])
def test_a_turn_answered_without_an_id_supersedes_no_other_answer_without_one(no_id: str | None) -> None:
    sessions = Sessions()
    sessions.answered("sess_1", no_id)
    sessions.answered("sess_1", "resp_2")
    assert continued(sessions, answer("", "sess_2")) == "sess_2"


def test_an_answer_sent_twice_does_not_supersede_itself() -> None:
    assert continued(after("resp_1", "resp_1"), answer("resp_1")) == "sess_1"


@pytest.mark.parametrize(("policy", "goes_on"), [("fork", None), ("continue", "sess_1")], ids=["fork", "continue"])
def test_a_stale_answer_is_dealt_with_as_asked(policy: OnStaleSession, goes_on: str | None) -> None:
    assert continued(after("resp_1", "resp_2"), answer("resp_1"), policy) == goes_on


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        ("superseded", "session sess_1 has moved on since resp_1"),
        ("under way", "session sess_1 has a turn under way"),
        (
            "in doubt",
            "session sess_1 had a turn that failed or was left; the service may or may not have taken it",
        ),
    ],
)
def test_a_stale_answer_is_an_error_if_asked(trouble: str, words: str) -> None:
    sessions = after("resp_1", "resp_2")
    if trouble != "superseded":
        sessions.begin("sess_1")
    if trouble == "in doubt":
        sessions.left("sess_1")
    with pytest.raises(SessionError) as caught:
        continued(sessions, answer("resp_1"), "error")
    assert (str(caught.value), caught.value.session_id) == (words, "sess_1")


@pytest.mark.parametrize("policy", ["fork", "continue", "error"])
def test_an_answer_that_is_not_stale_goes_on_under_every_policy(policy: OnStaleSession) -> None:
    assert continued(after("resp_1"), answer("resp_1"), policy) == "sess_1"


@pytest.mark.parametrize("policy", ["Fork", "", None, ["fork"]])
def test_an_unknown_policy_is_refused_even_if_nothing_is_stale(policy: Any) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        continued(Sessions(), answer("resp_1"), policy)
    assert (caught.value.field, caught.value.got) == ("on_stale_session", repr(policy))
    assert caught.value.allowed == "fork, continue, error"


def test_a_session_with_a_turn_under_way_forks_and_takes_no_second_turn() -> None:
    sessions = after("resp_1")
    sessions.begin("sess_1")
    assert continued(sessions, answer("resp_1")) is None
    with pytest.raises(SessionError, match="a turn of session sess_1 is under way; wait for it") as caught:
        sessions.begin("sess_1")
    assert caught.value.session_id == "sess_1"


def test_of_two_claims_on_one_answer_only_one_goes_on() -> None:
    sessions = after("resp_1")
    with sessions.claim(answer("resp_1")) as first, sessions.claim(answer("resp_1")) as second:
        assert (first.session_id, second.session_id) == ("sess_1", None)
    assert continued(sessions, answer("resp_1")) == "sess_1"


def test_a_claim_lets_its_own_turn_begin_and_no_other() -> None:
    sessions, turn = after("resp_1"), object()
    with sessions.claim(answer("resp_1")) as claim:
        with pytest.raises(SessionError, match="is under way"):
            sessions.begin("sess_1", object())
        sessions.begin("sess_1", turn, claim)
        with pytest.raises(SessionError, match="is under way"):
            sessions.begin("sess_1", object(), claim)
    # The turn that was sent under it holds the session by itself now.
    assert continued(sessions, answer("resp_1")) is None
    sessions.answered("sess_1", "resp_2", turn)
    assert continued(sessions, answer("resp_2")) == "sess_1"


def test_a_claim_for_which_nothing_was_sent_leaves_the_session_where_it_stood() -> None:
    sessions = after("resp_1")
    with pytest.raises(ZeroDivisionError), sessions.claim(answer("resp_1")):
        raise ZeroDivisionError
    assert continued(sessions, answer("resp_1")) == "sess_1"


def test_a_conversation_that_has_not_begun_claims_no_session() -> None:
    with Sessions().claim(None) as claim:
        assert claim.session_id is None


def test_to_go_on_with_a_stale_answer_waits_for_the_turn_under_way() -> None:
    sessions = after("resp_1", "resp_2")
    sessions.begin("sess_1")
    with pytest.raises(SessionError, match="session sess_1 has a turn under way"):
        sessions.claim(answer("resp_1"), "continue")


def test_turns_of_different_sessions_and_of_new_ones_run_side_by_side() -> None:
    sessions = Sessions()
    for session_id in ("sess_1", "sess_2", None, None):
        sessions.begin(session_id)
    assert continued(sessions, answer("resp_9", "sess_3")) == "sess_3"


def test_a_refused_turn_leaves_the_session_where_it_stood() -> None:
    sessions = after("resp_1")
    sessions.begin("sess_1")
    sessions.refused("sess_1")
    assert continued(sessions, answer("resp_1")) == "sess_1"
    sessions.begin("sess_1")


def test_a_left_turn_puts_the_session_in_doubt_until_it_answers_again() -> None:
    sessions = after("resp_1")
    sessions.begin("sess_1")
    sessions.left("sess_1")
    assert continued(sessions, answer("resp_1")) is None
    assert continued(sessions, answer("resp_1"), "continue") == "sess_1"
    sessions.begin("sess_1")
    sessions.answered("sess_1", "resp_2")
    assert continued(sessions, answer("resp_2")) == "sess_1"


def test_a_turn_that_is_left_ends_itself_and_no_other() -> None:
    sessions, turn, other = Sessions(), object(), object()
    sessions.begin("sess_1", turn)
    sessions.left("sess_1", other)
    with pytest.raises(SessionError, match="is under way"):
        sessions.begin("sess_1", other)
    sessions.left("sess_1", turn)
    sessions.begin("sess_1", other)


def test_a_refused_turn_does_not_end_a_doubt() -> None:
    sessions = after("resp_1")
    sessions.left("sess_1")
    sessions.refused("sess_1")
    assert continued(sessions, answer("resp_1")) is None


def test_an_answer_without_an_id_ends_the_turn_and_supersedes_those_before_it() -> None:
    sessions = after("resp_1")
    sessions.begin("sess_1")
    sessions.answered("sess_1", None)
    assert continued(sessions, answer("resp_1")) is None
    sessions.begin("sess_1")
    sessions.answered("sess_1", "resp_3")
    assert continued(sessions, answer("resp_3")) == "sess_1"


def test_a_turn_whose_session_was_never_named_leaves_no_trace() -> None:
    sessions = Sessions()
    sessions.begin(None)
    sessions.answered(None, "resp_1")
    sessions.refused(None)
    sessions.left(None)
    assert not sessions._under_way
    assert not sessions._in_doubt
    assert not sessions._newest


def test_an_answer_made_by_another_process_goes_on_and_supersedes_once_answered() -> None:
    sessions = after("resp_1")
    assert continued(sessions, answer("resp_2")) == "sess_1"
    sessions.begin("sess_1")
    sessions.answered("sess_1", "resp_3")
    assert continued(sessions, answer("resp_1")) is None
    assert continued(sessions, answer("resp_2")) is None
    assert continued(sessions, answer("resp_3")) == "sess_1"


def test_of_two_answers_whose_order_nobody_knows_both_go_on_until_one_is_followed() -> None:
    sessions = Sessions()
    assert continued(sessions, answer("resp_1")) == "sess_1"
    assert continued(sessions, answer("resp_2")) == "sess_1"
    assert continued(sessions, answer("resp_1")) == "sess_1"
    sessions.answered("sess_1", "resp_3")
    assert [continued(sessions, answer(each)) for each in ("resp_1", "resp_2")] == [None, None]


def test_the_oldest_superseded_answers_are_forgotten_first() -> None:
    sessions = Sessions(remembered=2)
    for number in range(1, 6):
        sessions.answered("sess_1", f"resp_{number}")
    goes_on = [continued(sessions, answer(f"resp_{number}")) for number in range(3, 6)]
    assert goes_on == [None, None, "sess_1"]
    assert continued(sessions, answer("resp_1")) == "sess_1"


def test_memory_stays_within_its_bound() -> None:
    sessions = Sessions(remembered=2)
    for number in range(100):
        continued(sessions, answer(f"resp_{number}"))
        sessions.answered(f"sess_{number}", "resp_1")
        sessions.answered(f"sess_{number}", "resp_2")
        sessions.left(f"sess_{number}")
    assert len(sessions._newest) == len(sessions._superseded) == len(sessions._in_doubt) == 2
    assert not sessions._under_way


def test_answers_of_one_session_that_nobody_follows_stay_within_the_bound_too() -> None:
    sessions = Sessions(remembered=2)
    for number in range(100):
        assert continued(sessions, answer(f"resp_{number}")) == "sess_1"
    assert sessions._newest["sess_1"] == ("resp_98", "resp_99")


def test_the_repr_shows_no_ids() -> None:
    assert repr(after("resp_1", "resp_2")) == "Sessions(remembered=10000)"


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["continued", "begin", "answered", "refused", "left"]),
        st.sampled_from(["sess_1", "sess_2", None]),
        st.sampled_from(["resp_1", "resp_2", "resp_3", None]),
    ),
    max_size=30,
)


@given(STEPS)
@settings(deadline=None)
def test_after_any_steps_only_a_session_at_rest_goes_on(
    steps: list[tuple[str, str | None, str | None]],
) -> None:
    sessions = Sessions(remembered=2)
    for step, session_id, response_id in steps:
        if step == "continued" and session_id and response_id:
            at_rest = session_id not in sessions._under_way and session_id not in sessions._in_doubt
            fresh = response_id not in sessions._superseded
            goes_on = continued(sessions, answer(response_id, session_id))
            assert goes_on == (session_id if at_rest and fresh else None)
        elif step == "answered":
            sessions.answered(session_id, response_id)
            assert session_id not in sessions._under_way
        elif step != "begin":
            getattr(sessions, "left" if step == "left" else "refused")(session_id)
        elif session_id not in sessions._under_way:
            sessions.begin(session_id)


class Yielding(dict[str, object]):
    """Lets another thread run between the question and what is done about the answer."""

    def __contains__(self, item: object) -> bool:
        found = super().__contains__(item)
        sleep(0)
        return found


def converse(sessions: Sessions, start: Barrier, thread: int, running: Counter[str]) -> int:
    start.wait()
    refused = 0
    for turn in range(200):
        session_id = f"sess_{turn % 3}"
        try:
            sessions.begin(session_id)
        except SessionError:
            refused += 1
            continue
        running[session_id] += 1
        sleep(0)
        assert running[session_id] == 1
        running[session_id] -= 1
        sessions.answered(session_id, f"resp_{thread}_{turn}")
    return refused


def test_sixteen_threads_never_have_two_turns_of_one_session_under_way() -> None:
    sessions = Sessions(Lock(), remembered=5, _under_way=Yielding())
    start, running = Barrier(16), Counter[str]()
    with ThreadPoolExecutor(16) as threads:
        turns = [threads.submit(converse, sessions, start, thread, running) for thread in range(16)]
        refused = sum(turn.result() for turn in turns)
    assert refused < 3200
    assert not sessions._under_way
    assert sorted(sessions._newest) == ["sess_0", "sess_1", "sess_2"]
    assert all(len(newest) == 1 for newest in sessions._newest.values())
    assert len(sessions._superseded) == 5


def test_a_session_that_the_service_has_just_named_has_a_turn_under_way() -> None:
    sessions, first, second = Sessions(), object(), object()
    sessions.begin(None, first)
    sessions.named("sess_1", first)
    sessions.named("sess_1", second)
    with pytest.raises(SessionError, match="is under way"):
        sessions.begin("sess_1", second)
    sessions.refused("sess_1", second)
    with pytest.raises(SessionError, match="is under way"):
        sessions.begin("sess_1", second)
    sessions.answered("sess_1", "resp_1", first)
    sessions.begin("sess_1", second)


def test_a_pydantic_model_of_any_version_can_have_sessions_in_it() -> None:
    assert set(get_type_hints(Sessions)) >= {"lock", "remembered"}
