"""The output as it grows: its items, their parts, and which of them an event or a final message belongs to."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field
from io import StringIO
from typing import TYPE_CHECKING

from twelvelabs_responses._errors import ProtocolError
from twelvelabs_responses._response import FunctionCall, Message, OutputText, UnknownItem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twelvelabs_responses._response import AnyAnnotation, ContentPart, OutputItem


# Far more than any answer has. Each is a small event on the wire, and many times that in memory.
_MOST_ITEMS, _MOST_PARTS = 100_000, 1_000


def _check_room(count: int, most: int, what: str) -> None:
    if count >= most:
        raise ProtocolError(f"the stream has more than {most:,} {what}")


@dataclass(slots=True, eq=False)
class Part:
    """A content part as it grows.

    Attributes:
        index: Its place in the item's content.
        text: Its text so far.
        taken: How many characters of the text have been taken.
        is_answer: Whether they were taken as the answer's.
        annotations: What it cites, as far as that came by itself.
        done: The complete part.
    """

    index: int
    text: StringIO = field(default_factory=StringIO)
    taken: int = 0
    is_answer: bool = False
    annotations: list[AnyAnnotation] = field(default_factory=list)
    done: ContentPart | None = None

    def fill(self, whole: str) -> None:
        """Make the text whole: as a rule the deltas told all of it. What has been taken is not taken back."""
        # The length first: to look a long text up costs its length, and a short event may come a million times.
        if len(whole) >= self.taken and whole.startswith(self.text.getvalue()[: self.taken]):
            self.text = StringIO()
            self.text.write(whole)

    def cite(self, annotation: AnyAnnotation) -> None:
        """Note what the part cites."""
        _check_room(len(self.annotations), _MOST_ITEMS, "annotations of one part")
        self.annotations.append(annotation)

    def end(self, content: ContentPart) -> None:
        """Note the complete part."""
        self.done = content
        if isinstance(content, OutputText):
            self.fill(content.text)

    def take(self) -> str:
        """Return the text that has not been taken yet, and count it as taken."""
        start, self.taken = self.taken, self.text.tell()
        return self.text.getvalue()[start:] if start < self.taken else ""

    def content_part(self) -> ContentPart:
        """Return the part as it stands."""
        return self.done or OutputText(text=self.text.getvalue(), annotations=tuple(self.annotations))


@dataclass(slots=True, eq=False)
class Item:
    """An output item as it grows.

    Attributes:
        index: Its place in the output as it streams; the final output may have it elsewhere.
        id: The first id that it was given. Another item may have the same.
        known: The item as it was announced or ended.
        phase: The last phase that it was given.
        ended: Whether `known` is complete.
        parts: Its content parts, by their indices.
        arguments: The arguments of a function call, so far.
    """

    index: int
    id: str | None = None
    known: OutputItem | None = None
    phase: str | None = None
    ended: bool = False
    parts: dict[int, Part] = field(default_factory=dict)
    arguments: StringIO = field(default_factory=StringIO)

    @property
    def is_message(self) -> bool:
        """Whether it is a message. What was never announced is taken for one."""
        return self.known is None or isinstance(self.known, Message)

    def part(self, content_index: int | None) -> Part:
        """Return the part at this index, or at the first; a new one if there is none."""
        index = content_index or 0
        if index not in self.parts:
            _check_room(len(self.parts), _MOST_PARTS, "parts in one item")
            self.parts[index] = Part(index)
        return self.parts[index]

    def parts_in_order(self) -> list[Part]:
        """Return the parts by their indices."""
        return [self.parts[index] for index in sorted(self.parts)]

    def begin(self, item: OutputItem) -> None:
        """Note the item as it is announced."""
        self.known, self.ended = item, False
        if isinstance(item, Message) and item.phase is not None:
            self.phase = item.phase

    def end(self, item: OutputItem) -> None:
        """Note the complete item; its parts get what the deltas missed."""
        self.begin(item)
        self.ended = True
        if isinstance(item, Message):
            for index, content in enumerate(item.content):
                if isinstance(content, OutputText):
                    # Its own part from now on, or a long text would be kept twice.
                    self.part(index).end(content)

    def output_item(self) -> OutputItem:
        """Return the item as it stands."""
        match self.known:
            case None | Message() as known if self.parts and not self.ended:
                message = known or Message(role="assistant", status="in_progress")
                parts = tuple(part.content_part() for part in self.parts_in_order())
                return message.model_copy(update={"content": parts})
            case FunctionCall() as call if self.arguments.tell() and not self.ended:
                return call.model_copy(update={"arguments": self.arguments.getvalue()})
        return self.known or UnknownItem()


class GrowingOutput:
    """The items of a stream."""

    def __init__(self) -> None:
        self._items: dict[int, Item] = {}
        self._by_id: dict[str | None, Item] = {}
        self._newest = -1

    def items(self) -> list[Item]:
        """Return the items by their indices."""
        return [self._items[index] for index in sorted(self._items)]

    def output_items(self) -> tuple[OutputItem, ...]:
        """Return the output as it stands."""
        return tuple(item.output_item() for item in self.items())

    def item(self, output_index: int | None, item_id: str | None) -> Item:
        """Return the item at this index, else of this id, else the newest; a new one if there is none."""
        if output_index is not None:
            item = self._items.get(output_index) or self._new(output_index)
        else:
            item = self._by_id.get(item_id) or self._newest_or_next(item_id)
        # Only the first id: a service may give another one with each event.
        if item_id is not None and item.id is None:
            item.id = item_id
            self._by_id[item_id] = item
        return item

    def begun(self, output_index: int | None, item_id: str | None) -> Item:
        """Return the item that is announced: a new one, unless index or id name one that has come already."""
        if output_index is None and item_id not in self._by_id:
            output_index = self._newest + 1
        return self.item(output_index, item_id)

    def end(self, output: Sequence[OutputItem]) -> list[Item]:
        """Note the messages of the final output.

        Returns:
            All items: first what is none of these messages, then these messages, in the final order.
        """
        messages = {position: item for position, item in enumerate(output) if isinstance(item, Message)}
        streamed = _Streamed(self.items())
        found = streamed.found(messages)
        for position, message in messages.items():
            if position not in found:
                found[position] = self._new(self._newest + 1 if position in self._items else position)
            found[position].end(message)
        return [*streamed.left, *(found[position] for position in messages)]

    def _new(self, index: int) -> Item:
        _check_room(len(self._items), _MOST_ITEMS, "output items")
        self._newest = max(self._newest, index)
        return self._items.setdefault(index, Item(index))

    def _newest_or_next(self, item_id: str | None) -> Item:
        newest = self._items.get(self._newest)
        # An id goes on with the newest item if it is the first to name it.
        if newest is None or (item_id is not None and newest.id is not None):
            return self._new(self._newest + 1)
        return newest


class _Streamed:
    """The items of the stream, to be found again as messages of the final output.

    A position does not tell: what was not asked for may be left out of the stream, of the output, or of neither. An id
    may repeat or change. So equal text tells, else an equal id, else the last text: a stream can have cut that short.
    """

    def __init__(self, items: Sequence[Item]) -> None:
        self.left = dict.fromkeys(items)
        """Those that have not been found, in order."""
        self._by_text: dict[tuple[str, str | None], deque[Item]] = defaultdict(deque)
        self._by_id: dict[str | None, Item] = {}
        self._last: Item | None = None
        self._last_text = ""
        for item in items:
            message = item.output_item()
            if not isinstance(message, Message):
                continue
            self._by_text[message.text, message.phase].append(item)
            if item.id is not None:
                self._by_id[item.id] = item
            if message.text:
                self._last, self._last_text = item, message.text

    def found(self, messages: dict[int, Message]) -> dict[int, Item]:
        """Return the items as which these messages streamed, by the messages' positions."""
        found: dict[int, Item] = {}
        for find in (self._of_same_text, self._of_same_id, self._cut_short):
            for position, message in messages.items():
                item = None if position in found else find(message)
                if item is not None:
                    found[position] = item
                    del self.left[item]
        return found

    def _of_same_text(self, message: Message) -> Item | None:
        alike = self._by_text[message.text, message.phase] or self._by_text[message.text, None]
        return alike.popleft() if alike else None

    def _of_same_id(self, message: Message) -> Item | None:
        return self._if_left(self._by_id.get(message.id), message)

    def _cut_short(self, message: Message) -> Item | None:
        return self._if_left(self._last if message.text.startswith(self._last_text) else None, message)

    def _if_left(self, item: Item | None, message: Message) -> Item | None:
        if item is None or item not in self.left:
            return None
        return item if None in (item.phase, message.phase) or item.phase == message.phase else None
