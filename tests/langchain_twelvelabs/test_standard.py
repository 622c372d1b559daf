"""LangChain's own tests of chat models; the integration tests ask the emulator over a real socket.

Images, PDF, audio and Anthropic's blocks stay switched off, as they are unless a class says otherwise: the API takes
text. So does the replay of a recording: there is none of the service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_tests.integration_tests import ChatModelIntegrationTests
from langchain_tests.unit_tests import ChatModelUnitTests

from langchain_twelvelabs import ChatTwelveLabs

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from syrupy.assertion import SnapshotAssertion

    from twelvelabs_responses.emulator import Emulator


class Applies:
    @property
    def chat_model_class(self) -> type[BaseChatModel]:
        return ChatTwelveLabs

    @property
    def has_tool_calling(self) -> bool:
        """Off: the service calls no tools of ours, so `bind_tools` refuses every tool."""
        return False

    @property
    def supports_json_mode(self) -> bool:
        """On: the suite asks for objects of a schema by `method="json_mode"`, and gets them as by the other methods."""
        return True

    @property
    def supports_model_override(self) -> bool:
        """Off: the API knows one model name, so there is no second one to ask for."""
        return False


# The suite sets temperature and max_tokens, of which the model says that they are not sent.
@pytest.mark.filterwarnings("ignore:.*max_tokens.*TwelveLabs has no such option")
class TestChatTwelveLabsUnit(Applies, ChatModelUnitTests):
    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"knowledge_store_id": "ks_1", "api_key": "key-of-the-tests"}

    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        return {"TWELVELABS_API_KEY": "key"}, {"knowledge_store_id": "ks_1"}, {"api_key": "key"}

    @pytest.mark.filterwarnings("ignore:The function `load` is in beta")
    @pytest.mark.xfail(
        raises=ValueError,
        reason="langchain-core reads back only the packages on its own list; test_chat_models.py shows the round trip",
    )
    def test_serdes(self, model: BaseChatModel, snapshot: SnapshotAssertion) -> None:
        super().test_serdes(model, snapshot)


class TestChatTwelveLabsIntegration(Applies, ChatModelIntegrationTests):
    @pytest.fixture(autouse=True)
    def _served(self, emulator: Emulator) -> None:
        self.emulator = emulator

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {
            "knowledge_store_id": self.emulator.knowledge_store_id,
            "api_key": "key-of-the-tests",
            "base_url": self.emulator.base_url,
        }
