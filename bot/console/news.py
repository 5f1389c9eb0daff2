"""What is new in one conversation, told to the browsers that it concerns: read once for them all."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from bot.console.chronicle import Chronicles, drafts
from bot.console.lines import Line, of_transcript
from bot.console.listeners import Listener
from bot.console.saying import brief
from bot.console.view import View
from bot.model.handoff import Handoff
from bot.model.messages import Author, Utterance
from bot.ports import Transcripts

_FIRST_READ = 30
_REMEMBERED = 8
_UNDERSTOOD = 4


class News:
    """What was told already of a conversation, for as long as it concerns somebody.

    `turns` are those of which something was said, `answered`: one is over, `stepped`: its handoff
    has changed; all since the last time that it was told.
    """

    def __init__(self, conversation_id: str) -> None:
        self.conversation_id = conversation_id
        self.turns: set[str] = set()
        self.answered = False
        self.stepped = False
        self.cursor: str | None = None
        self.recent: list[str] = []  # event ids of the customer's latest messages
        self.shown: set[str] = set()  # keys of what happened at the desk


class Teller:
    """Reads, renders once a language, and tells. Everything may raise StorageUnavailable."""

    def __init__(self, transcripts: Transcripts, chronicles: Chronicles, view: View) -> None:
        self._transcripts = transcripts
        self._chronicles = chronicles
        self._view = view

    async def said(
        self,
        news: News,
        turns: Collection[str],
        viewing: Collection[Listener],
        handoff: Handoff | None,
        owning: Collection[Listener],
    ) -> None:
        """The lines that are new: to who looks at the conversation as lines, and to who has it as a
        word that the customer wrote. `handoff` is theirs.
        """
        if news.cursor is None:
            read = await self._transcripts.read(news.conversation_id, limit=_FIRST_READ)
            fresh = [one for one in read if one.turn_id in turns]
        else:
            fresh = list(await self._transcripts.read(news.conversation_id, news.cursor))
        if not fresh:
            return
        news.cursor = fresh[-1].cursor
        heard = [one for one in fresh if one.author is Author.CUSTOMER]
        news.recent = [*news.recent, *(one.id for one in heard)][-_REMEMBERED:]
        self._push(news, of_transcript(fresh), viewing)
        for one in heard:
            for listener in owning:
                listener.tell("heard", _heard(one, news.conversation_id, handoff))

    async def happened(self, news: News, viewing: Collection[Listener]) -> None:
        """What is new at the desk: steps and notes."""
        if not viewing:
            return
        lines = await self._chronicles.happenings(news.conversation_id)
        fresh = [line for line in lines if line.key not in news.shown]
        news.shown |= {line.key for line in fresh}
        self._push(news, fresh, viewing)

    async def understood(self, news: News, viewing: Collection[Listener]) -> None:
        """What the bot made of the customer's latest messages, and what it would say."""
        if not viewing or not news.recent:
            return
        state = await self._chronicles.state(news.conversation_id)
        recent = news.recent[-_UNDERSTOOD:]
        known = {one: state.messages[one] for one in recent if one in state.messages}
        last = known.get(recent[-1])
        suggestions = drafts(last.suggestions if last is not None else ())
        for language, listeners in _by_language(viewing).items():
            data: dict[str, Any] = {
                "conversation": news.conversation_id,
                "understood": {
                    event_id: self._view.fragment(language, "_understanding.html", known=one)
                    for event_id, one in known.items()
                },
                "suggestions": self._view.fragment(
                    language, "_suggestions.html", suggestions=suggestions
                ),
            }
            for listener in listeners:
                listener.tell("understood", data)

    def _push(self, news: News, lines: Sequence[Line], viewing: Collection[Listener]) -> None:
        if not lines:
            return
        for language, listeners in _by_language(viewing).items():
            html = self._view.fragment(language, "_lines.html", lines=lines)
            for listener in listeners:
                listener.tell("lines", {"conversation": news.conversation_id, "html": html})


def _heard(one: Utterance, conversation_id: str, handoff: Handoff | None) -> dict[str, Any]:
    return {
        "conversation": conversation_id,
        "handoff": None if handoff is None else handoff.id,
        "id": one.id,
        "at": one.at,
        "text": brief(one.content),
        "channel": one.channel,
    }


def _by_language(listeners: Iterable[Listener]) -> dict[str, list[Listener]]:
    by_language: dict[str, list[Listener]] = {}
    for listener in listeners:
        by_language.setdefault(listener.language, []).append(listener)
    return by_language
