"""LangChain's own tests of tools, against the emulator over a real socket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from langchain_tests.integration_tests import ToolsIntegrationTests
from langchain_tests.unit_tests import ToolsUnitTests

from langchain_twelvelabs import ChatTwelveLabs, create_video_tool

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool

    from twelvelabs_responses.emulator import Emulator


class VideoTool:
    @pytest.fixture(autouse=True)
    def _served(self, emulator: Emulator) -> None:
        self.model = ChatTwelveLabs(
            knowledge_store_id=emulator.knowledge_store_id, api_key="key-of-the-tests", base_url=emulator.base_url
        )

    @property
    def tool_constructor(self) -> BaseTool:
        return create_video_tool(self.model)

    @property
    def tool_invoke_params_example(self) -> dict[str, Any]:
        return {"question": "Which clips show a goal?"}


class TestVideoToolUnit(VideoTool, ToolsUnitTests):
    pass


class TestVideoToolIntegration(VideoTool, ToolsIntegrationTests):
    pass
