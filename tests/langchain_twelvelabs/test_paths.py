"""The oracle under chat models that are wrong; under ours it stands in `test_equality` and `test_testing`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from langchain_twelvelabs import ChatTwelveLabs
from langchain_twelvelabs.testing import check_chunks, check_equal_on_every_path, check_tokens_on_every_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.outputs import ChatGenerationChunk

    from twelvelabs_responses.emulator import Emulator

pytestmark = pytest.mark.filterwarnings("ignore:The method .* is in beta")


def test_our_own_model_passes(emulator: Emulator) -> None:
    def new_model() -> ChatTwelveLabs:
        return ChatTwelveLabs(
            knowledge_store_id=emulator.knowledge_store_id,
            include=("intermediate_outputs",),
            output_version="v1",
        )

    answers = check_equal_on_every_path(new_model)
    assert len(answers.by_path) == 9
    check_tokens_on_every_path(new_model)


class Doubling(ChatTwelveLabs):
    """A model that tells the last text of a stream twice."""

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        for chunk in super()._stream(*args, **kwargs):
            if chunk.text:
                yield chunk.model_copy(deep=True)
            yield chunk


@pytest.mark.filterwarnings("ignore:The method .* is in beta")
def test_a_path_that_differs_is_named(emulator: Emulator) -> None:
    def new_model() -> ChatTwelveLabs:
        return Doubling(knowledge_store_id=emulator.knowledge_store_id)

    with pytest.raises(AssertionError, match=r"content_blocks on invoke, streamed: .*, on invoke: "):
        check_equal_on_every_path(new_model)


def test_chunks_that_would_merge_wrongly_are_found(emulator: Emulator) -> None:
    model = ChatTwelveLabs(knowledge_store_id=emulator.knowledge_store_id)
    chunks = list(model.stream("Which clips show a goal?"))
    check_chunks(chunks)
    with pytest.raises(AssertionError):
        check_chunks([*chunks, chunks[-1]])
