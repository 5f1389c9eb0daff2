"""Every error that Flerkanal raises on purpose.

FlerkanalError
├── SettingsError            settings contradict each other or are missing; `problems` names them all
├── InvalidMessage           what came in can't be accepted; `status` is the HTTP status, `code` a short name
├── StorageError
│   ├── StorageUnavailable   Redis or the database does not answer; may be tried again
│   │   └── AcceptanceUnknown    a message may or may not be stored; `event_id` makes sending it again safe
│   ├── EmbeddedServerTaken  another process runs the embedded Redis on this data; `pid`
│   ├── LayoutMismatch       Redis or the database holds the data of an incompatible layout
│   ├── LeaseLost            another worker owns the partition now; the turn left no trace
│   └── FloorMoved           the floor was given to somebody else during a turn: take it anew
├── UnreadableEntry          a stored entry can't be decoded; goes to the dead letters
├── AnswerPending            a message is kept, its answer did not come in time; `event_id` asks again
├── DialogueError
│   ├── ModelNotFound        no trained model fits
│   ├── TrainingFailed       no model came out of a training; `tail`: the last lines of its output
│   └── TurnFailed           the dialogue engine could not complete a turn
├── LinkRefused              channels were not linked; `reason` is why, in one word
├── HandoffRefused           staff can't do that with a handoff (now); `reason` is why, in one word
├── AccountRefused           an account can't be made or changed like that; `reason` is why, in one word
├── SignInRefused            staff can't sign in (now); `reason` is why, `retry_after` when to try again
├── DeliveryError            a channel did not take a message
│   ├── DeliveryDelayed      try again, not before `retry_after` seconds
│   ├── DeliveryUnknown      the platform may have taken it: the connection broke after the request
│   ├── DeliveryRefused      never try again: the platform refuses the message for good
│   ├── RecipientGone        the customer blocked the bot or left
│   └── WindowClosed         the platform's time for answering is over
├── PartFailed               a process can't be kept running; `part`, and `tail`: its last lines
└── BusinessSystemError      a system behind the actions failed
    └── BusinessSystemUnavailable   it does not answer in time; the customer is told so
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class FlerkanalError(Exception):
    """The root of the tree: catch it to catch all of Flerkanal's own errors."""


class SettingsError(FlerkanalError):
    """Settings are missing or contradict each other."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class InvalidMessage(FlerkanalError):
    """A message that can't be accepted; nothing of it is stored.

    `code` is a short stable name for programs, `status` an HTTP status from 400 to 499,
    the text a sentence for people that says what to do.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        self.code = code
        self.status = status
        super().__init__(message)


class StorageError(FlerkanalError):
    """Something about Redis or the database."""


class StorageUnavailable(StorageError):
    """Redis or the database does not answer. Safe to try again."""


class AcceptanceUnknown(StorageUnavailable):
    """The store went away while it took a message in, so it may be stored or not.

    Sending it again with the same `event_id` stores it once.
    """

    def __init__(self, event_id: str, reason: str) -> None:
        self.event_id = event_id
        super().__init__(reason)


class EmbeddedServerTaken(StorageError):
    """A living process owns the embedded Redis of this folder. `pid` is its number, where known."""

    def __init__(self, directory: Path, pid: int | None) -> None:
        self.pid = pid
        owner = f"process {pid}" if pid else "another process"
        super().__init__(
            f"{owner} already runs Flerkanal on the data in {directory}: stop it first, "
            "or set VAR_DIR to another folder"
        )


class LayoutMismatch(StorageError):
    """Redis or the database was laid out with other settings or by a newer version."""


class LeaseLost(StorageError):
    """The partition's lease has passed to another worker: the commit was refused as a whole."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        super().__init__(f"the lease of partition {partition} has passed to another worker")


class FloorMoved(StorageError):
    """The desk took the floor, or gave it back, while a turn was taken: the commit was refused."""


class UnreadableEntry(FlerkanalError):
    """A stored entry can't be decoded."""


class AnswerPending(FlerkanalError):
    """A message is safe in the inbox, but its answer did not come while its sender waited.

    Sending the message again with the same `event_id` is no second message: it waits on.
    """

    def __init__(self, event_id: str) -> None:
        self.event_id = event_id
        super().__init__("the message is kept, its answer is not there yet")


class DialogueError(FlerkanalError):
    """Something about the dialogue engine."""


class ModelNotFound(DialogueError):
    """There is no trained model to load."""


class TrainingFailed(DialogueError):
    """A training brought no model. `tail` are the last lines that it printed."""

    def __init__(self, message: str, tail: Sequence[str]) -> None:
        self.tail = tuple(tail)
        super().__init__(message)


class TurnFailed(DialogueError):
    """A turn could not be completed."""


class LinkRefused(FlerkanalError):
    """Two channels were not linked.

    `reason` is `unknown` (no such code), `used`, `late`, `other_channel` or `too_many`.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the channels were not linked: {reason}")


class HandoffRefused(FlerkanalError):
    """A member of staff can't do that with a handoff, or not any more. `reason`: see `bot.ports.desk`."""

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


class AccountRefused(FlerkanalError):
    """An account of staff can't be made or changed like that; nothing has changed.

    `reason` is `unknown`, `bad_login`, `login_taken`, `bad_name`, `no_role`, `bad_capacity`,
    `bad_language`, `last_administrator` or `wrong_password`; of a new password `short_password`,
    `long_password`, `login_password`, `known_password` or `different_passwords`. The text is a sentence for people.
    """

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


class SignInRefused(FlerkanalError):
    """A member of staff was not signed in.

    `reason` is `wrong` (login or password, nobody is told which), `too_many` (tries, lately; nobody
    is told whether this one was right), `busy` (too many at once), `provider` (an OpenID provider's
    answer can't be trusted or did not come) or `no_account` (whom it names has none here).
    `retry_after` is in seconds, None where waiting does not help.
    """

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        self.reason = reason
        self.retry_after = retry_after
        super().__init__(f"not signed in: {reason}")


class DeliveryError(FlerkanalError):
    """A channel did not take a message."""


class DeliveryDelayed(DeliveryError):
    """Try again, not before `retry_after` seconds (None: by the sender's own backoff)."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class DeliveryUnknown(DeliveryError):
    """The request went out, the answer never came: the platform may have taken it or not."""


class DeliveryRefused(DeliveryError):
    """The platform refuses this message for good."""


class RecipientGone(DeliveryError):
    """The customer blocked the bot or left the platform."""


class WindowClosed(DeliveryError):
    """The platform's time for answering this customer is over."""


class PartFailed(FlerkanalError):
    """A part can't be kept running. `part` is its name, `tail` the last lines of its output."""

    def __init__(self, part: str, reason: str, tail: Sequence[str]) -> None:
        self.part = part
        self.reason = reason
        self.tail = tuple(tail)
        super().__init__(f"{part} {reason}")


class BusinessSystemError(FlerkanalError):
    """A system behind the actions failed."""


class BusinessSystemUnavailable(BusinessSystemError):
    """The system does not answer in time. `system` is its name for people."""

    def __init__(self, system: str, reason: str) -> None:
        self.system = system
        self.reason = reason
        super().__init__(f"{system} is unavailable: {reason}")
