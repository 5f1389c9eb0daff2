"""What the desk says to a customer, put together from its texts. Pure."""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, format_timedelta

from bot.handoff.team import Team
from bot.handoff.texts import DeskTexts
from bot.model.content import Button, Content, QuickReplies, Rating, Text
from bot.model.handoff import Agent

BACK_TO_BOT = "/back_to_bot"
OPEN_CASE = "/open_case"
RATE = '/rate{"rating": "$rating"}'

# Day and clock as people there write them: plain English is American.
_LOCALES = {"en": "en_GB"}


class Sayings:
    """Each method returns one content in the customer's language."""

    def __init__(self, texts: DeskTexts) -> None:
        self._texts = texts

    def in_queue(
        self, language: str, place: int, wait: timedelta | None, *, first: str | None = None
    ) -> Content:
        """Their place, how long it takes where that is known, and the way back. `first` is the key
        of what is said before it.
        """
        parts = [self._get(language, first)] if first else []
        parts.append(
            self._get(language, "next_in_queue")
            if place == 1
            else self._get(language, "place_in_queue", place=place)
        )
        if wait is not None:
            parts.append(self._get(language, "expected_wait", wait=self._duration(language, wait)))
        parts.append(self._get(language, "while_waiting"))
        return QuickReplies(" ".join(parts), (self._back(language),))

    def moved_up(self, language: str, place: int, wait: timedelta | None) -> Content:
        """Their place, now that it is a better one."""
        parts = [
            self._get(language, "now_next_in_queue")
            if place == 1
            else self._get(language, "now_at_place", place=place)
        ]
        if wait is not None:
            parts.append(self._get(language, "expected_wait", wait=self._duration(language, wait)))
        return QuickReplies(" ".join(parts), (self._back(language),))

    def nobody_there(self, language: str, *, first: str | None = None) -> Content:
        """Open, and yet nobody is there."""
        parts = [self._get(language, first)] if first else []
        return self._or_a_case(language, " ".join([*parts, self._get(language, "nobody_there")]))

    def escalated(self, language: str) -> Content:
        """It takes too long."""
        return self._or_a_case(language, self._get(language, "escalated"))

    def closed(
        self, language: str, team: Team, now: datetime, *, first: str | None = None
    ) -> Content:
        """When it opens again, and what can be done until then."""
        parts = [self._get(language, first)] if first else []
        opening = team.opening_hours.next_opening(now)
        if opening is None or opening <= now:
            parts.append(self._get(language, "closed_for_now"))
        else:
            opens = self._moment(language, opening, now.astimezone(opening.tzinfo))
            parts.append(self._get(language, "closed", opens=opens))
        if team.when_closed == "email" and team.email:
            return Text(" ".join([*parts, self._get(language, "offer_email", email=team.email)]))
        kind = "callback" if team.when_closed == "callback" else "case"
        title = "button_callback" if kind == "callback" else "button_open_case"
        text = " ".join([*parts, self._get(language, f"offer_{kind}")])
        return QuickReplies(text, (Button(self._get(language, title), OPEN_CASE),))

    def taken(self, language: str, agent: Agent, *, passed_on: bool = False) -> Content:
        """Who they are talking to. `passed_on`: they were talking to somebody else before."""
        key = "passed_to_agent" if passed_on else "taken"
        return Text(self._get(language, key, agent=agent.name))

    def left_for_case(self, language: str) -> Content:
        """They would rather have a case than wait."""
        text = self._get(language, "left_queue_for_case")
        return QuickReplies(text, (self._case(language),))

    def closing(self, language: str, agent: Agent) -> Content:
        """The person is done."""
        return Text(self._get(language, "closing", agent=agent.name))

    def rating(self, language: str) -> Content:
        """How was it?"""
        return Rating(self._get(language, "rating"), RATE)

    def choice(self, words: str) -> str | None:
        """The payload of what a customer who waits is offered, where they have typed its title
        rather than pressed it; in any language.
        """
        typed = _plain(words)
        for key, payload in (("button_back_to_bot", BACK_TO_BOT), ("button_open_case", OPEN_CASE)):
            if typed in {_plain(self._get(name, key)) for name in self._texts.languages}:
                return payload
        return None

    def _get(self, language: str, key: str, **values: object) -> str:
        return self._texts.get(language, key, **values)

    def _or_a_case(self, language: str, text: str) -> Content:
        return QuickReplies(text, (self._back(language), self._case(language)))

    def _back(self, language: str) -> Button:
        return Button(self._get(language, "button_back_to_bot"), BACK_TO_BOT)

    def _case(self, language: str) -> Button:
        return Button(self._get(language, "button_open_case"), OPEN_CASE)

    def _locale(self, language: str) -> Locale:
        name = self._texts.language_for(language)
        try:
            return Locale.parse(_LOCALES.get(name, name.replace("-", "_")))
        except (UnknownLocaleError, ValueError):
            return Locale.parse(_LOCALES["en"])

    def _duration(self, language: str, wait: timedelta) -> str:
        # Rounded up, and the coarser the longer it is: nobody knows it to the minute.
        minutes = max(1, math.ceil(wait.total_seconds() / 60))
        if minutes > 10:
            minutes = math.ceil(minutes / 5) * 5
        if minutes > 120:
            minutes = math.ceil(minutes / 60) * 60
        return format_timedelta(
            timedelta(minutes=minutes),
            granularity="minute",
            threshold=2 + 1 / 60,
            locale=self._locale(language),
        )

    def _moment(self, language: str, opening: datetime, now: datetime) -> str:
        locale = self._locale(language)
        time = format_time(opening, "short", tzinfo=opening.tzinfo, locale=locale)
        days = (opening.date() - now.date()).days
        if days == 0:
            return self._get(language, "opens_today", time=time)
        if days == 1:
            return self._get(language, "opens_tomorrow", time=time)
        weekday = format_date(opening, "EEEE", locale=locale)
        if days < 7:
            return self._get(language, "opens_this_week", weekday=weekday, time=time)
        date = f"{weekday} {format_skeleton('MMMMd', opening, locale=locale)}"
        return self._get(language, "opens_later", date=date, time=time)


def _plain(words: str) -> str:
    return " ".join(words.casefold().split()).rstrip(" .!")
