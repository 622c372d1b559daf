"""`TwelveLabsQueryEngine`: a query engine that reasons over a knowledge store of videos."""

from __future__ import annotations

import copy
from contextlib import aclosing
from typing import TYPE_CHECKING, Any
from weakref import ref

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.response.schema import AsyncStreamingResponse, Response, StreamingResponse
from llama_index.core.callbacks.schema import CBEventType, EventPayload
from llama_index.core.prompts import PromptTemplate

from llama_index_twelvelabs._nodes import source_nodes
from llama_index_twelvelabs._output import response_facts as response_metadata
from twelvelabs_responses import AsyncClient, Client, InvalidArgumentError, RequestOptions, Retry, client_twins

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Mapping, Sequence

    from llama_index.core.base.response.schema import RESPONSE_TYPE
    from llama_index.core.callbacks import CallbackManager
    from llama_index.core.prompts.mixin import PromptDictType, PromptMixinType
    from llama_index.core.schema import QueryBundle
    from typing_extensions import Self

    from twelvelabs_responses import AsyncStream, Selection, Stream
    from twelvelabs_responses import Response as WireResponse


class TwelveLabsQueryEngine(BaseQueryEngine):
    """A query engine that answers from the videos of one TwelveLabs knowledge store.

    Each query begins a session of its own, so threads, tasks and users may share one engine;
    `with_session(response.metadata["session_id"])` gives an engine that goes on with one. An answer takes 30 s to
    3 min. Citations are the response's `source_nodes`; in a stream they are there when the last token has come.

    Args:
        knowledge_store_id: The store to reason over (`ks_...`).
        model: None sends none, as the newest API has no such field.
        api_key: Else `TWELVELABS_API_KEY`, else `TWELVE_LABS_API_KEY` from the environment.
        base_url: Else `TWELVELABS_BASE_URL`, else the public service.
        timeout: Seconds of silence to put up with.
        max_retries: How often a request is sent again that the service cannot have acted on.
        client: A configured client of `twelvelabs_responses`, in place of key, address, timeout and retries.
        async_client: Its async twin.
        streaming: Whether `query` and `aquery` return a streaming response.
        instructions: Guidance for every query, at most 2,000 characters; also the prompt `instructions`.
        selections: Store items and collections to prefer, named in the query by `{{sel:N}}`.
        metadata: The API's `metadata`, at most 16 pairs.
        session_id: Go on with this session in every query.
        callback_manager: LlamaIndex's callbacks.

    Raises:
        InvalidArgumentError: No API key, or an argument that cannot be.
    """

    def __init__(  # noqa: PLR0913 - the options of a query engine, each by its name
        self,
        knowledge_store_id: str,
        *,
        model: str | None = "jockey1.0",
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: float = 300.0,
        max_retries: int = 2,
        client: Client | None = None,
        async_client: AsyncClient | None = None,
        streaming: bool = False,
        instructions: str | None = None,
        selections: Sequence[Selection] = (),
        metadata: Mapping[str, str] | None = None,
        session_id: str | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager)
        settings: dict[str, Any] = {
            "api_key": api_key,
            "base_url": base_url,
            "timeout": timeout,
            "retry": Retry(max_retries=max_retries),
        }
        if client is None and async_client is None:
            client = Client(**settings)
        self._client, self._async_client = client_twins(client, async_client)
        self._streaming = streaming
        self._instructions = PromptTemplate(instructions or "")
        self._session_id = session_id
        self._options = RequestOptions(
            knowledge_store_id=knowledge_store_id, model=model, selections=selections, metadata=metadata
        )

    def with_session(self, session_id: str) -> Self:
        """Return an engine that goes on with this session in every query; the connections are shared."""
        bound = copy.copy(self)
        bound._session_id = session_id  # noqa: SLF001 - an engine of this class
        return bound

    def _get_prompts(self) -> PromptDictType:
        return {"instructions": self._instructions}

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _update_prompts(self, prompts_dict: PromptDictType) -> None:
        if isinstance(prompt := prompts_dict.get("instructions"), PromptTemplate):
            self._instructions = prompt

    def _query(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        with self.callback_manager.event(
            CBEventType.QUERY, payload={EventPayload.QUERY_STR: query_bundle.query_str}
        ) as event:
            options = self._request(query_bundle)
            if self._streaming:
                response: RESPONSE_TYPE = self._streamed(self._client.stream(query_bundle.query_str, **options))
            else:
                response = _whole(self._client.create(query_bundle.query_str, **options))
            event.on_end(payload={EventPayload.RESPONSE: response})
        return response

    async def _aquery(self, query_bundle: QueryBundle) -> RESPONSE_TYPE:
        with self.callback_manager.event(
            CBEventType.QUERY, payload={EventPayload.QUERY_STR: query_bundle.query_str}
        ) as event:
            options = self._request(query_bundle)
            if self._streaming:
                response: RESPONSE_TYPE = await self._astreamed(
                    self._async_client.stream(query_bundle.query_str, **options)
                )
            else:
                response = _whole(await self._async_client.create(query_bundle.query_str, **options))
            event.on_end(payload={EventPayload.RESPONSE: response})
        return response

    def _request(self, query_bundle: QueryBundle) -> RequestOptions:
        if query_bundle.image_path is not None:
            raise InvalidArgumentError("image_path", repr(query_bundle.image_path), "text; add the image to the store")
        instructions = self._instructions.format()
        return {**self._options, "instructions": instructions or None, "session_id": self._session_id}

    def _streamed(self, stream: Stream) -> StreamingResponse:
        # Opened here, so that errors raise from query() and the session is known when it returns.
        stream.__enter__()
        response = StreamingResponse(iter(()), [], response_metadata(stream.response))  # type: ignore[arg-type]  # until below

        response.response_gen = _tokens(stream, ref(response))
        return response

    async def _astreamed(self, stream: AsyncStream) -> AsyncStreamingResponse:
        await stream.__aenter__()
        response = AsyncStreamingResponse(_no_tokens(), [], response_metadata(stream.response))
        response.response_gen = _atokens(stream, ref(response))
        return response


def _whole(response: WireResponse) -> Response:
    return Response(response.text, source_nodes(response), response_metadata(response))


# The generators hold the response weakly: it holds them, and a cycle would keep the connection of a response that
# nobody reads open until the garbage collector comes.


def _tokens(stream: Stream, response: ref[StreamingResponse]) -> Generator[str, None, None]:
    yield from stream.text_deltas()
    _complete(response(), stream.response)


async def _atokens(stream: AsyncStream, response: ref[AsyncStreamingResponse]) -> AsyncGenerator[str, None]:
    async with aclosing(stream.text_deltas()) as deltas:
        async for text in deltas:
            yield text
    _complete(response(), stream.response)


def _complete(response: StreamingResponse | AsyncStreamingResponse | None, final: WireResponse) -> None:
    """Add what is known at the end, to the same list of nodes and through the response: others may hold either."""
    if response is not None:
        response.source_nodes.extend(source_nodes(final))
        response.metadata = {**(response.metadata or {}), **response_metadata(final)}
        response.response_txt = final.text


async def _no_tokens() -> AsyncGenerator[str, None]:
    return
    yield ""
