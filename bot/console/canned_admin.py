"""Administration of canned answers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.console.account import text_of
from bot.console.pages import ADMINISTRATORS, Page
from bot.console.view import View, signed_in
from bot.console.words import Words, mark
from bot.errors import HandoffRefused
from bot.handoff.canned import CannedAnswer, CannedAnswers
from bot.staff.audit import Audit

# What bot/handoff/canned.py finds wrong, for the catalogues.
PROBLEMS: Sequence[str] = (
    mark("A shortcut has 1 to 64 of a-z, æ, ø, å, 0-9, _ and -."),
    mark("The language must be a code such as nb or en."),
    mark("Give it a title of at most 120 characters."),
    mark("Write a text of at most 4000 characters."),
)
_NO_PLACEHOLDER = mark("%(value)s is no placeholder: use %(known)s.")
_OPEN_BRACE = mark("A brace is not closed: write {{ for a brace, or one of %(known)s.")
_TAKEN = mark("There is one with this shortcut in this language already.")


class CannedAdmin:
    """For administrators."""

    def __init__(self, answers: CannedAnswers, audit: Audit, view: View) -> None:
        self._answers = answers
        self._audit = audit
        self._view = view

    def pages(self) -> Sequence[Page]:
        """The list, a new one, and one."""
        one = "/admin/canned/{language}/{shortcut}"
        return [
            Page("/admin/canned", "admin_canned", self.list, ADMINISTRATORS),
            Page("/admin/canned", "admin_canned_add", self.add, ADMINISTRATORS, "POST"),
            Page("/admin/canned/new", "admin_canned_new", self.new, ADMINISTRATORS),
            Page(one, "admin_canned_answer", self.show, ADMINISTRATORS),
            Page(one, "admin_canned_save", self.save, ADMINISTRATORS, "POST"),
            Page(f"{one}/delete", "admin_canned_delete", self.delete, ADMINISTRATORS, "POST"),
        ]

    async def list(self, request: Request) -> Response:
        """All of them."""
        answers = await self._answers.list()
        return self._view.render(request, "admin_canned.html", answers=answers)

    async def new(self, request: Request) -> Response:
        """The form of a new one."""
        language = self._view.language(request)
        return self._form(request, None, CannedAnswer("", language, "", ""))

    async def add(self, request: Request) -> Response:
        """Make one."""
        return await self._save(request, None)

    async def show(self, request: Request) -> Response:
        """The form of one."""
        answer = await self._asked_for(request)
        return self._form(request, answer, answer)

    async def save(self, request: Request) -> Response:
        """Change one, its shortcut and language as well."""
        return await self._save(request, await self._asked_for(request))

    async def delete(self, request: Request) -> Response:
        """Remove one."""
        answer = await self._asked_for(request)
        await self._answers.delete(answer.shortcut, answer.language)
        await self._audit.record(signed_in(request).id, "canned.delete", _name(answer), answer.text)
        said = self._view.words(request).gettext("The canned answer is deleted.")
        return self._view.redirect(request, self._view.url(request, "admin_canned"), flash=said)

    async def _save(self, request: Request, before: CannedAnswer | None) -> Response:
        form = await request.form()
        answer = CannedAnswer(
            shortcut=text_of(form, "shortcut").strip().removeprefix("/").lower(),
            language=text_of(form, "language").strip().lower(),
            title=text_of(form, "title").strip(),
            # Browsers send \r\n.
            text=text_of(form, "text").replace("\r\n", "\n").strip(),
        )
        words = self._view.words(request)
        moved = before is None or _name(before) != _name(answer)
        if moved and await self._is_taken(answer):
            return self._form(request, before, answer, words.gettext(_TAKEN))
        try:
            await self._answers.save(answer)
        except HandoffRefused as refused:
            return self._form(request, before, answer, _fault(words, str(refused)))
        if before is not None and moved:
            await self._answers.delete(before.shortcut, before.language)
        action = "canned.add" if before is None else "canned.change"
        await self._audit.record(signed_in(request).id, action, _name(answer), answer.text)
        to = self._view.url(request, "admin_canned")
        return self._view.redirect(request, to, flash=words.gettext("Saved."))

    async def _is_taken(self, answer: CannedAnswer) -> bool:
        try:
            await self._answers.find(answer.shortcut, answer.language)
        except HandoffRefused:
            return False
        return True

    def _form(
        self,
        request: Request,
        before: CannedAnswer | None,
        answer: CannedAnswer,
        fault: str | None = None,
    ) -> Response:
        return self._view.render(
            request,
            "admin_canned_answer.html",
            200 if fault is None else 422,
            before=before,
            answer=answer,
            placeholders=[f"{{{name}}}" for name in self._answers.placeholders],
            fault=fault,
            faulty="answer",
        )

    async def _asked_for(self, request: Request) -> CannedAnswer:
        parts = request.path_params
        try:
            return await self._answers.find(parts["shortcut"], parts["language"])
        except HandoffRefused:
            raise HTTPException(404, "There is no such canned answer.") from None


def _name(answer: CannedAnswer) -> str:
    return f"/{answer.shortcut} ({answer.language})"


def _fault(words: Words, message: str) -> str:
    """The sentence in the reader's language."""
    if found := re.fullmatch(r"(\{.*\}) is no placeholder: use (.*)\.", message, re.DOTALL):
        return words.gettext(_NO_PLACEHOLDER) % {"value": found[1], "known": found[2]}
    if found := re.fullmatch(r"A brace is not closed: write \{\{ for .* one of (.*)\.", message):
        return words.gettext(_OPEN_BRACE) % {"known": found[1]}
    return words.gettext(message)
