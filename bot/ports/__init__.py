"""Every interface between the parts. Implementations are picked in `bot/app/bootstrap/` alone.

Unless a method says otherwise, an implementation may raise StorageUnavailable from any method
that touches a store; the caller may then try again.
"""

from bot.ports.conversations import Accepted, Followers, Inbox, Notice, Transcripts
from bot.ports.delivery import (
    Call,
    Deliveries,
    Offers,
    Outcome,
    Pacer,
    Progress,
    PushChannel,
    Rate,
    delivery_key,
)
from bot.ports.desk import (
    Desk,
    DeskMirror,
    DeskUtterance,
    DialogueState,
    DialogueStates,
    Floor,
    HandoffTaker,
    Journal,
    Record,
    Understanding,
)
from bot.ports.dialogue import DialogueEngine
from bot.ports.mirrors import DeskDirectory, DeskThreads, HandoffLabel
from bot.ports.monitoring import (
    DELIVERY_SECONDS,
    HANDLING_SECONDS,
    WAIT_SECONDS,
    DeliveryCounts,
    DeskMonitor,
    DeskState,
    DeskTotals,
    Durations,
    PipelineMonitor,
    PipelineState,
    TeamState,
)
from bot.ports.people import Contacts, Identities, LinkOffer, LinkTarget, Sessions
from bot.ports.queues import DeadLetter, DeadLetters, Outbox, PartitionQueue, TurnQueue

__all__ = [
    "DELIVERY_SECONDS",
    "HANDLING_SECONDS",
    "WAIT_SECONDS",
    "Accepted",
    "Call",
    "Contacts",
    "DeadLetter",
    "DeadLetters",
    "Deliveries",
    "DeliveryCounts",
    "Desk",
    "DeskDirectory",
    "DeskMirror",
    "DeskMonitor",
    "DeskState",
    "DeskThreads",
    "DeskTotals",
    "DeskUtterance",
    "DialogueEngine",
    "DialogueState",
    "DialogueStates",
    "Durations",
    "Floor",
    "Followers",
    "HandoffLabel",
    "HandoffTaker",
    "Identities",
    "Inbox",
    "Journal",
    "LinkOffer",
    "LinkTarget",
    "Notice",
    "Offers",
    "Outbox",
    "Outcome",
    "Pacer",
    "PartitionQueue",
    "PipelineMonitor",
    "PipelineState",
    "Progress",
    "PushChannel",
    "Rate",
    "Record",
    "Sessions",
    "TeamState",
    "Transcripts",
    "TurnQueue",
    "Understanding",
    "delivery_key",
]
