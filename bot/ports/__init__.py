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
from bot.ports.monitoring import DELIVERY_SECONDS, DeliveryCounts, PipelineMonitor, PipelineState
from bot.ports.people import Contacts, Identities, LinkOffer, LinkTarget, Sessions
from bot.ports.queues import DeadLetter, DeadLetters, Outbox, PartitionQueue, TurnQueue

__all__ = [
    "DELIVERY_SECONDS",
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
    "DeskThreads",
    "DeskUtterance",
    "DialogueEngine",
    "DialogueState",
    "DialogueStates",
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
    "Transcripts",
    "TurnQueue",
    "Understanding",
    "delivery_key",
]
