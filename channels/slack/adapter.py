"""`POST /webhooks/slack/webhook`: events, presses and commands, each in the inbox before the 200."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.errors import InvalidMessage
from bot.model.people import ChannelIdentity
from bot.observability.metrics import MessageMetrics
from bot.ports import Contacts, Identities
from channels.reception import Arrival, Reception
from channels.slack.address import CHANNEL, Address
from channels.slack.background import Background
from channels.slack.chosen import with_choice
from channels.slack.client import Client
from channels.slack.desk.parse import is_desk_press
from channels.slack.desk.staff import SlackDesk
from channels.slack.home import home_view
from channels.slack.links import code_alone, command_wish
from channels.slack.parse import (
    Command,
    HomeOpened,
    Said,
    read_body,
    read_command,
    read_event,
)
from channels.slack.presses import Press, read_press
from channels.slack.requests import bolt_request_of, check_shape
from channels.slack.words import LANGUAGES, words_for

logger = structlog.get_logger(__name__)

# What somebody means who names the bot, or gives the command, and says nothing more.
HELP = "help"

_ANYTHING = re.compile(r"[\s\S]*")
_FAILURE = "flerkanal_failure"

Ack = Callable[..., Awaitable[Any]]


class SlackChannel:
    """The Slack channel over the pipeline's ports.

    `command` is the slash command's name, such as `/help-me`. `contacts` tells in which threads the
    bot has been addressed. `background` changes pressed messages and publishes the App Home by
    `client`; somebody has to run it. `staff` is what happens in the staff's channel, where there is
    one. `clock` tells what is too old.
    """

    name = CHANNEL

    def __init__(
        self,
        reception: Reception,
        contacts: Contacts,
        identities: Identities,
        metrics: MessageMetrics,
        *,
        client: Client,
        background: Background,
        signing_secret: str,
        command: str,
        staff: SlackDesk | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._staff = staff
        self._reception = reception
        self._contacts = contacts
        self._identities = identities
        self._metrics = metrics
        self._client = client
        self._background = background
        self._verifier = SignatureVerifier(signing_secret, clock or Clock())
        self._app = self._bolt(command)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """What to mount in the HTTP application."""
        return [Route("/webhooks/slack/webhook", self.webhook, methods=["GET", "POST"])]

    async def webhook(self, request: Request) -> Response:
        """Take one request of Slack's in. Raises InvalidMessage and StorageUnavailable."""
        if request.method == "GET":
            # Slack looks at a command's certificate now and then, without a signature.
            return PlainTextResponse("Slack sends its events here by POST.")
        try:
            return await self._take(request)
        except InvalidMessage as error:
            self._metrics.refused(CHANNEL, error.code)
            logger.warning("slack_request_refused", code=error.code, reason=str(error))
            raise

    async def _take(self, request: Request) -> Response:
        raw = await request.body()
        self._verify(raw, request.headers)
        # Read here first: the library takes a body's form for granted.
        body = read_body(raw, request.headers.get("content-type", ""))
        check_shape(body)
        bolt_request = bolt_request_of(raw, body, request)
        response = await self._app.async_dispatch(bolt_request)
        failure = bolt_request.context.get(_FAILURE)
        if isinstance(failure, Exception):
            raise failure
        return to_starlette_response(response)

    def _verify(self, raw: bytes, headers: Mapping[str, str]) -> None:
        signature = headers.get("x-slack-signature", "")
        timestamp = headers.get("x-slack-request-timestamp", "")
        try:
            valid = self._verifier.is_valid(raw, timestamp, signature)
        except (ValueError, TypeError):
            # Not a number, not UTF-8, or not ASCII: nothing that Slack has signed.
            valid = False
        if not valid:
            raise InvalidMessage(
                "bad_signature",
                "The request is not signed with this app's signing secret, or is older than five"
                " minutes: check SLACK_SIGNING_SECRET and this machine's clock.",
                401,
            )

    # --------------------------------------------------------------------------- what happened

    async def _on_event(self, body: dict[str, Any]) -> None:
        if self._staff is not None and self._staff.is_here(body):
            await self._staff.on_event(body)
            return
        event = read_event(body)
        if isinstance(event, HomeOpened):
            self._publish_home(event.address, event.user)
        elif event is not None and await self._is_for_bot(event):
            await self._on_said(event)

    async def _is_for_bot(self, said: Said) -> bool:
        if said.addressed:
            return True
        contact = await self._contacts.last(_identity(said.address).name)
        return contact is not None

    async def _on_said(self, said: Said) -> None:
        arrival = Arrival(
            identity=_identity(said.address),
            event_id=said.event_id,
            text=said.text if said.text or said.attachments else HELP,
            received_at=time.time(),
            metadata={"user": said.user},
            attachments=said.attachments,
        )
        wish = code_alone(said.text) if said.address.is_direct else None
        if wish is None:
            await self._reception.take(arrival)
        else:
            await self._reception.link(arrival, wish.code)
            self._publish_home(said.address, said.user)

    async def _on_press(self, body: dict[str, Any], ack: Ack) -> None:
        if is_desk_press(body) or (self._staff is not None and self._staff.is_here(body)):
            # Without a desk such a button is an old one, and no customer's choice either.
            if self._staff is not None:
                await self._staff.on_press(body)
            await ack()
            return
        press = read_press(body)
        if press is not None and not self._is_staffs(press.address):
            await self._pressed(press)
        await ack()

    def _is_staffs(self, address: Address) -> bool:
        return self._staff is not None and self._staff.is_staffs(address.channel)

    async def _pressed(self, press: Press) -> None:
        arrival = Arrival(
            identity=_identity(press.address),
            event_id=press.event_id,
            text=press.text,
            received_at=time.time(),
            payload=press.payload,
            metadata={"user": press.user},
        )
        if press.unlink:
            await self._reception.unlink(arrival)
            self._publish_home(press.address, press.user)
            return
        await self._reception.take(arrival)
        changed = with_choice(press)
        url = press.response_url
        if changed is not None and url is not None:
            self._background.add(lambda: self._client.respond(url, changed))

    async def _on_command(self, body: dict[str, Any], ack: Ack) -> None:
        if self._staff is not None and self._staff.is_here(body):
            await ack(text=self._staff.command_words(), response_type="ephemeral")
            return
        command = read_command(body)
        wish = command_wish(command.text)
        arrival = _command_arrival(command)
        if wish is None:
            await self._reception.take(arrival)
        elif not command.address.is_direct:
            words = "\n".join(words_for(language).write_directly for language in LANGUAGES)
            await ack(text=words, response_type="ephemeral")
            return
        elif wish.kind == "link":
            await self._reception.link(arrival, wish.code)
            self._publish_home(command.address, command.user)
        else:
            await self._reception.unlink(arrival)
            self._publish_home(command.address, command.user)
        await ack()

    async def _ignore(self, ack: Ack) -> None:
        await ack()

    async def _on_error(self, error: Exception, context: dict[str, Any]) -> None:
        context[_FAILURE] = error

    # -------------------------------------------------------------------------------- the home

    def _publish_home(self, address: Address, user: str) -> None:
        async def publish() -> None:
            linked = await self._identities.linked(_identity(address))
            locale = await self._client.locale(user)
            view = home_view(address, locale, [other.channel.capitalize() for other in linked])
            await self._client.publish_home(user, view)

        self._background.add(publish)

    # ----------------------------------------------------------------------------- the library

    def _bolt(self, command: str) -> AsyncApp:
        # The library warns of a token in the environment that it does not use, and of requests that
        # it knows no listener for, with parts of them.
        quiet = logging.getLogger("channels.slack.bolt")
        quiet.setLevel(logging.ERROR)
        app = AsyncApp(
            name=CHANNEL,
            logger=quiet,
            authorize=_authorize,
            # The listeners are over, and the inbox has it all, before Slack gets its 200.
            process_before_response=True,
            # Done before, on the bytes as they came: the library parses first.
            request_verification_enabled=False,
            # Needs to ask Slack who we are; a message of any app is left out by its own marks.
            ignoring_self_events_enabled=False,
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )
        app.event("message")(self._on_event)
        app.event("app_mention")(self._on_event)
        app.event("app_home_opened")(self._on_event)
        app.event(_ANYTHING)(self._ignore)
        app.block_action(_ANYTHING)(self._on_press)
        app.command(command)(self._on_command)
        app.error(self._on_error)
        return app


async def _authorize() -> AuthorizeResult:
    # One app in one workspace, and nothing is asked of Slack before the 200.
    return AuthorizeResult(enterprise_id=None, team_id=None)


def _identity(address: Address) -> ChannelIdentity:
    return ChannelIdentity(CHANNEL, str(address))


def _command_arrival(command: Command) -> Arrival:
    return Arrival(
        identity=_identity(command.address),
        event_id=command.event_id,
        text=command.text or HELP,
        received_at=time.time(),
        metadata={"user": command.user},
    )
