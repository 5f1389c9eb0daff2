"""What is counted, and when."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from prometheus_client import CollectorRegistry

from bot.errors import StorageUnavailable
from bot.model.messages import Inbound, Utterance
from bot.observability.metering import AnswerTimes, MeteredInbox, MeteredTranscripts
from bot.observability.metrics import HttpMetrics, MessageMetrics, PipelineMetrics, exposition
from bot.ports import (
    DELIVERY_SECONDS,
    Accepted,
    DeliveryCounts,
    Inbox,
    Notice,
    PipelineState,
    Transcripts,
)


class OneInbox(Inbox):
    """Accepts by a list of what to say; None is an outage."""

    def __init__(self, *says: Accepted | None) -> None:
        self._says = list(says)

    async def accept(self, message: Inbound) -> Accepted:
        said = self._says.pop(0)
        if said is None:
            raise StorageUnavailable("away")
        return said

    async def find(self, message: Inbound) -> Accepted | None:
        return self._says[0] if self._says else None


class SomeNotices(Transcripts):
    """Has nothing but notices."""

    def __init__(self, *notices: Notice | None) -> None:
        self._notices = notices
        self.announced: list[str] = []

    async def read(
        self, conversation_id: str, after: str | None = None, limit: int = 500
    ) -> Sequence[Utterance]:
        return []

    async def announce_writing(self, conversation_id: str) -> None:
        self.announced.append(conversation_id)

    async def is_answered(self, message: Inbound) -> bool:
        return message.text == "answered"

    async def notices(self) -> AsyncIterator[Notice | None]:
        for notice in self._notices:
            yield notice


def message(text: str = "hi") -> Inbound:
    return Inbound("rest", "s", "rest:s", "e", text, 0.0)


async def test_a_message_from_acceptance_to_answer() -> None:
    registry = CollectorRegistry()
    metrics = MessageMetrics(registry)
    now = [100.0]
    times = AnswerTimes(metrics, clock=lambda: now[0])
    inbox = MeteredInbox(
        OneInbox(Accepted("t1", "c", False), Accepted("t1", "c", True), Accepted("t2", "c", False)),
        metrics,
        times,
    )
    for _ in range(3):
        await inbox.accept(message())
    now[0] = 100.3
    passed = [
        None,
        Notice("typing", "rest:s", "t1"),
        Notice("answered", "rest:s", "t1"),
        Notice("answered", "rest:s", "t1"),
        Notice("answered", "rest:s", "of another gateway"),
    ]
    transcripts = MeteredTranscripts(SomeNotices(*passed), times)
    assert [notice async for notice in transcripts.notices()] == passed
    text = exposition(registry).decode()
    assert 'flerkanal_messages_accepted_total{channel="rest"} 2.0' in text
    assert 'flerkanal_messages_duplicate_total{channel="rest"} 1.0' in text
    assert 'flerkanal_answer_seconds_count{channel="rest"} 1.0' in text
    assert 'flerkanal_answer_seconds_bucket{channel="rest",le="0.25"} 0.0' in text
    assert 'flerkanal_answer_seconds_bucket{channel="rest",le="0.5"} 1.0' in text


async def test_the_rest_of_a_transcript_is_passed_through() -> None:
    times = AnswerTimes(MessageMetrics(CollectorRegistry()))
    stored = SomeNotices()
    transcripts = MeteredTranscripts(stored, times)
    await transcripts.announce_writing("rest:s")
    assert stored.announced == ["rest:s"]
    assert await transcripts.read("rest:s", "1-0", 3) == []
    assert await transcripts.is_answered(message("answered"))
    assert not await transcripts.is_answered(message("not yet"))


def test_turns_whose_end_is_never_told_are_forgotten() -> None:
    registry = CollectorRegistry()
    times = AnswerTimes(MessageMetrics(registry), most=2)
    for turn in ("t1", "t2", "t3"):
        times.accepted("rest", turn)
    for turn in ("t1", "t2", "t3"):
        times.answered(turn)
    assert 'flerkanal_answer_seconds_count{channel="rest"} 2.0' in exposition(registry).decode()


def test_requests_sockets_and_the_pipeline() -> None:
    registry = CollectorRegistry()
    http, pipeline = HttpMetrics(registry), PipelineMetrics(registry)
    http.request("/healthz", "GET", 200, 0.002)
    http.request("(none)", "BREW", 405, 0.002)
    http.socket_opened()
    http.socket_opened()
    http.socket_closed()
    pipeline.set(PipelineState(3, 2, 1, ("m", "m"), journal_waiting=4))
    text = exposition(registry).decode()
    for line in (
        'flerkanal_http_request_seconds_count{method="GET",route="/healthz",status="200"} 1.0',
        'flerkanal_http_request_seconds_count{method="other",route="(none)",status="405"} 1.0',
        "flerkanal_open_sockets 1.0",
        'flerkanal_waiting_entries{queue="inbox"} 3.0',
        'flerkanal_waiting_entries{queue="outbox"} 2.0',
        'flerkanal_waiting_entries{queue="journal"} 4.0',
        "flerkanal_dead_letters 1.0",
        "flerkanal_ready_workers 2.0",
    ):
        assert line in text
    pipeline.set(None)
    assert "flerkanal_dead_letters NaN" in exposition(registry).decode()


async def test_looking_for_a_message_counts_nothing() -> None:
    registry = CollectorRegistry()
    metrics = MessageMetrics(registry)
    known = Accepted("t1", "c", True)
    inbox = MeteredInbox(OneInbox(known), metrics, AnswerTimes(metrics))
    assert await inbox.find(message()) == known
    assert await MeteredInbox(OneInbox(), metrics, AnswerTimes(metrics)).find(message()) is None
    assert "rest" not in exposition(registry).decode()


def test_what_the_senders_did() -> None:
    registry = CollectorRegistry()
    pipeline = PipelineMetrics(registry)
    assert "flerkanal_delivery_seconds_count" not in exposition(registry).decode()
    within = (2, 1, *(0 for _ in DELIVERY_SECONDS[2:]), 1)
    counts = DeliveryCounts({"delivered": 4, "refused": 1}, 7, 2, within, 4000.5)
    pipeline.set(PipelineState(0, 0, 1, (), {"telegram": counts}))
    text = exposition(registry).decode()
    for line in (
        'flerkanal_deliveries_total{channel="telegram",outcome="delivered"} 4.0',
        'flerkanal_deliveries_total{channel="telegram",outcome="refused"} 1.0',
        'flerkanal_delivery_retries_total{channel="telegram"} 7.0',
        'flerkanal_delivery_possibly_twice_total{channel="telegram"} 2.0',
        'flerkanal_delivery_seconds_bucket{channel="telegram",le="0.1"} 2.0',
        'flerkanal_delivery_seconds_bucket{channel="telegram",le="3600.0"} 3.0',
        'flerkanal_delivery_seconds_bucket{channel="telegram",le="+Inf"} 4.0',
        'flerkanal_delivery_seconds_count{channel="telegram"} 4.0',
        'flerkanal_delivery_seconds_sum{channel="telegram"} 4000.5',
    ):
        assert line in text
    pipeline.set(None)
    assert "telegram" not in exposition(registry).decode()
