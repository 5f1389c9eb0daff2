"""What staff write: to the customer, for their colleagues, and with a file along."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.console.chronicle import slots_of
from bot.console.live import Live
from bot.console.pages import DESK, Page
from bot.console.refusals import by_script, owner_name, told
from bot.console.uploads import MOST_BYTES, checked_name, checked_type, path_of
from bot.console.view import View, signed_in
from bot.console.words import mark
from bot.errors import HandoffRefused, InvalidMessage, UnreadableEntry
from bot.handoff.canned import CannedAnswers
from bot.handoff.keeping import Tags, Upload, Uploads
from bot.handoff.views import DeskViews
from bot.model.content import File, Text
from bot.model.handoff import State
from bot.ports import Desk, DialogueState, DialogueStates

UPLOAD_PATH = "/console/uploads"


class TalkPages:
    """Each is a form that works without a script as well; scripts get data instead of a page."""

    def __init__(
        self,
        *,
        desk: Desk,
        views: DeskViews,
        canned: CannedAnswers,
        tags: Tags,
        uploads: Uploads,
        states: DialogueStates,
        live: Live,
        view: View,
        public_url: str | None,
    ) -> None:
        self.desk = desk
        self.view = view
        self._views = views
        self._canned = canned
        self._tags = tags
        self._uploads = uploads
        self._states = states
        self._live = live
        self._public_url = public_url

    def pages(self) -> Sequence[Page]:
        """All of them."""
        one = "/handoffs/{handoff_id}"
        return [
            Page(f"{one}/say", "say", self.say, DESK, "POST"),
            Page(f"{one}/typing", "typing", self.typing, DESK, "POST"),
            Page(f"{one}/notes", "note", self.note, DESK, "POST"),
            Page(f"{one}/tags", "tag", self.tag, DESK, "POST"),
            Page(f"{one}/tags/remove", "untag", self.untag, DESK, "POST"),
            Page(f"{one}/canned", "canned", self.canned, DESK),
            Page("/uploads", "upload", self.upload, DESK, "POST"),
        ]

    async def owner_of(self, request: Request) -> str | None:
        """Who has what the request is about."""
        try:
            return owner_name(await self.desk.find(await _handoff_id(request)))
        except HandoffRefused:
            return None

    @told
    async def say(self, request: Request) -> Response:
        """Say `text`, once by `message_id`."""
        form = await request.form()
        text = _field(form.get("text"))
        agent = signed_in(request).agent
        handoff_id = request.path_params["handoff_id"]
        await self.desk.say(handoff_id, agent, Text(text), _field(form.get("message_id")))
        return self._done(request)

    @told
    async def typing(self, request: Request) -> Response:
        """Somebody writes: the customer and the colleagues see that."""
        staff = signed_in(request)
        handoff_id = request.path_params["handoff_id"]
        await self.desk.show_typing(handoff_id, staff.agent)
        self._live.writes(staff, (await self.desk.find(handoff_id)).conversation_id)
        return self._done(request)

    @told
    async def note(self, request: Request) -> Response:
        """Keep a private note."""
        form = await request.form()
        agent = signed_in(request).agent
        await self.desk.add_note(
            request.path_params["handoff_id"], agent, _field(form.get("text")).strip()
        )
        return self._done(request)

    @told
    async def tag(self, request: Request) -> Response:
        """Add a tag."""
        tag = _field((await request.form()).get("tag"))
        await self._tags.add(request.path_params["handoff_id"], tag)
        return await self._tagged(request)

    @told
    async def untag(self, request: Request) -> Response:
        """Take a tag off."""
        tag = _field((await request.form()).get("tag"))
        await self._tags.remove(request.path_params["handoff_id"], tag)
        return await self._tagged(request)

    @told
    async def canned(self, request: Request) -> Response:
        """Canned answers for the words `q`, filled in for this conversation."""
        staff = signed_in(request)
        handoff = await self.desk.find(request.path_params["handoff_id"])
        query = request.query_params.get("q", "")[:200]
        found = await self._canned.search(query, handoff.language)
        row = await self._views.row(handoff.id)
        values = {
            **slots_of(await self._state(handoff.conversation_id)),
            "agent_name": staff.name,
            "customer_name": None if row is None else row.customer,
        }
        filled = [(one, self._canned.fill(one.text, values)) for one in found]
        return self.view.render(request, "_canned.html", found=filled, query=query.strip())

    @told
    async def upload(self, request: Request) -> Response:
        """Send a file."""
        form = await request.form()
        handoff_id = _field(form.get("handoff_id"))
        handoff = await self.desk.find(handoff_id)
        row = await self._views.row(handoff_id)
        agent = signed_in(request).agent
        # Only who may say something may leave a file: looked at again when it is said.
        if handoff.state is not State.WITH_PERSON or handoff.owner != agent or row is None:
            raise HandoffRefused("not_yours", "This is not your conversation")
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise InvalidMessage("no_file", mark("Choose a file first."), 422)
        content = await file.read(MOST_BYTES + 1)
        name = checked_name(file.filename)
        media_type = checked_type(name, content)
        upload = Upload(name, media_type, content, handoff.conversation_id)
        token = await self._uploads.add(upload, agent.id)
        base = (self._public_url or str(request.base_url)).rstrip("/")
        said = File(url=f"{base}{path_of(token, name)}", name=name)
        await self.desk.say(handoff_id, agent, said, _field(form.get("message_id")))
        return self._done(request)

    async def _tagged(self, request: Request) -> Response:
        if not by_script(request) and request.headers.get("hx-request") != "true":
            return self._done(request)
        row = await self._views.row(request.path_params["handoff_id"])
        return self.view.render(
            request,
            "_tags.html",
            handoff=None if row is None else row.handoff,
            tags=() if row is None else row.tags,
            known_tags=await self._tags.known(),
        )

    async def _state(self, conversation_id: str) -> DialogueState:
        try:
            return await self._states.read(conversation_id)
        except UnreadableEntry:
            return DialogueState()

    def _done(self, request: Request) -> Response:
        if by_script(request):
            return JSONResponse({"done": True})
        return self.view.redirect(request, self.view.came_from(request))


async def _handoff_id(request: Request) -> str:
    if "handoff_id" in request.path_params:
        handoff_id: str = request.path_params["handoff_id"]
        return handoff_id
    return _field((await request.form()).get("handoff_id"))


def _field(value: object) -> str:
    return value if isinstance(value, str) else ""
