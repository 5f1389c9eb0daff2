"""Telegram's documented rates of messages, measured."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Rule:
    """At most `count` messages in any `seconds`."""

    name: str
    count: int
    seconds: float


PER_CHAT = Rule("1 a second in a chat", 1, 1.0)
OVERALL = Rule("30 a second over all chats", 30, 1.0)
PER_GROUP = Rule("20 a minute in a group", 20, 60.0)

# A caller that keeps the rate is not to blame for the network's delays, in seconds.
_DELAY = 0.1


@dataclass(frozen=True)
class Broken:
    """A message came too early. `at` in monotonic seconds."""

    rule: Rule
    chat_id: int
    at: float


@dataclass
class Rates:
    """Which messages were taken when. `broken` lists those that came too early."""

    broken: list[Broken] = field(default_factory=list)
    _taken: defaultdict[tuple[Rule, int], deque[float]] = field(
        default_factory=lambda: defaultdict(deque)
    )

    def check(self, chat_id: int, is_group: bool, at: float) -> bool:
        """Whether a message may be sent now; noted as broken where it may not."""
        found = [
            rule
            for rule, key in self._rules(chat_id, is_group)
            if self._count(rule, key, at) >= rule.count
        ]
        self.broken += [Broken(rule, chat_id, at) for rule in found]
        return not found

    def note(self, chat_id: int, is_group: bool, at: float) -> None:
        """A message was taken."""
        for rule, key in self._rules(chat_id, is_group):
            self._taken[rule, key].append(at)

    def _rules(self, chat_id: int, is_group: bool) -> list[tuple[Rule, int]]:
        rules = [(PER_CHAT, chat_id), (OVERALL, 0)]
        return [*rules, (PER_GROUP, chat_id)] if is_group else rules

    def _count(self, rule: Rule, key: int, at: float) -> int:
        times = self._taken[rule, key]
        while times and times[0] <= at - rule.seconds + _DELAY:
            times.popleft()
        return len(times)
