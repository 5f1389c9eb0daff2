"""The words of the Slack desk: in a thread in the customer's language, to one member of staff in
their own. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.model.languages import known_language


@dataclass(frozen=True)
class Words:
    """One language's. `{...}` is filled in."""

    customer: str
    titled: str
    why: str
    team: str
    since: str
    language: str
    topic: str
    note: str
    causes: Mapping[str, str]
    languages: Mapping[str, str]
    states: Mapping[str, str]
    ends: Mapping[str, str]
    take: str
    give_back: str
    give_back_ask: str
    close: str
    close_ask: str
    yes: str
    no: str
    console: str
    how_waiting: str
    how_with: str
    how_ended: str
    history: str
    history_left_out: str
    no_history: str
    bot: str
    desk: str
    changes: Mapping[str, str]
    refusals: Mapping[str, str]
    not_sent: str
    not_done: str
    take_first: str
    ended: str
    files: str
    edited: str
    deleted: str
    unavailable: str
    command_here: str
    somebody: str


_WORDS = {
    "en": Words(
        customer="Customer",
        titled="{customer} · {channel}",
        why="Why",
        team="Team",
        since="Since",
        language="Language",
        topic="About",
        note="Note",
        causes={
            "customer_asked": "asked for a person",
            "not_understood": "was not understood twice running",
            "form_failed": "could not complete a form",
            "action_asked": "needs a person for this",
            "staff_took_over": "a colleague took over",
        },
        languages={"en": "English", "nb": "Norwegian"},
        states={
            "waiting": "⏳ Waiting",
            "with_person": "💬 With {name}",
            "wrapped_up": "✅ Closed",
            "back_to_bot": "✅ With the bot again",
        },
        ends={
            "resolved": "✅ Closed: resolved",
            "unresolved": "☑️ Closed: not resolved",
            "returned": "🤖 Returned to the bot",
            "turned_away": "🌙 Nobody was there: offered another way",
            "left": "🤖 The customer went back to the bot",
        },
        take="Take",
        give_back="Return to bot",
        give_back_ask="The customer is told that the bot is there again.",
        close="Close",
        close_ask="The customer is told that the conversation is over, and asked for a rating.",
        yes="Yes",
        no="No",
        console="Open in the console",
        how_waiting=(
            "Whoever presses Take answers in this thread. Nothing that is written here before"
            " goes to the customer."
        ),
        how_with=(
            "What {name} writes in this thread goes to the customer. A message that begins with"
            " “note:” is a private note. Edits and files do not reach the customer."
        ),
        how_ended="Nothing that is written here goes to the customer any more.",
        history="Before",
        history_left_out="Earlier messages are in the console.",
        no_history="Nothing was written before.",
        bot="Bot",
        desk="To the customer",
        changes={
            "taken": "{name} has taken it.",
            "given": "It is {name}'s now.",
            "requeued": "It is waiting again.",
            "requeued_team": "It is waiting again, for {team}.",
            "moved": "It is waiting for {team} now.",
            "escalated": "It has been waiting for too long.",
            "closed": "Closed. The customer is asked for a rating.",
            "returned": "The bot has it again.",
            "turned_away": "Nobody was there, and the customer was offered another way.",
            "left": "The customer went back to the bot.",
            "rated": "The customer gave {rating} of 5.",
            "note": "Note: {note}",
        },
        refusals={
            "taken": "{name} was faster.",
            "not_yours": "{name} has this conversation.",
            "full": "You have as many conversations as you may have at once.",
            "not_possible": "That is not possible any more.",
            "unknown": "There is no such conversation any more.",
            "empty": "There is nothing in it that could be sent.",
            "too_long": "It is too long for the customer's channel. Send it in parts.",
            "no_contact": "The customer can't be reached.",
            "no_floor": "The bot has this conversation again.",
        },
        not_sent="Not sent to the customer. {why}",
        not_done="Nothing was changed. {why}",
        take_first=(
            "Not sent to the customer: nobody has taken this conversation. Press Take first; a"
            " message that begins with “note:” is a private note."
        ),
        ended="Not sent to the customer: this conversation has ended.",
        files=(
            "The file was not sent to the customer: files in Slack open for your workspace alone."
            " Attach it in the console, or send a link that everybody can open."
        ),
        edited="The customer still sees what you wrote first: edits do not reach them.",
        deleted="The customer still sees what you have deleted.",
        unavailable="It did not work just now, and nothing was changed. Try again in a moment.",
        command_here=(
            "This is the staff's channel: nothing that is asked here reaches the bot. Use the"
            " command in another channel, or write to me directly."
        ),
        somebody="Somebody else",
    ),
    "nb": Words(
        customer="Kunde",
        titled="{customer} · {channel}",
        why="Hvorfor",
        team="Team",
        since="Siden",
        language="Språk",
        topic="Gjelder",
        note="Notat",
        causes={
            "customer_asked": "ba om et menneske",
            "not_understood": "ble ikke forstått to ganger på rad",
            "form_failed": "kom ikke gjennom et skjema",
            "action_asked": "trenger et menneske til dette",
            "staff_took_over": "en kollega tok over",
        },
        languages={"en": "engelsk", "nb": "norsk"},
        states={
            "waiting": "⏳ Venter",
            "with_person": "💬 Hos {name}",
            "wrapped_up": "✅ Avsluttet",
            "back_to_bot": "✅ Hos boten igjen",
        },
        ends={
            "resolved": "✅ Avsluttet: løst",
            "unresolved": "☑️ Avsluttet: ikke løst",
            "returned": "🤖 Gitt tilbake til boten",
            "turned_away": "🌙 Ingen var der: ble tilbudt en annen måte",
            "left": "🤖 Kunden gikk tilbake til boten",
        },
        take="Ta",
        give_back="Gi til boten",
        give_back_ask="Kunden får vite at boten er der igjen.",
        close="Avslutt",
        close_ask="Kunden får vite at samtalen er over, og blir bedt om en vurdering.",
        yes="Ja",
        no="Nei",
        console="Åpne i konsollen",
        how_waiting=(
            "Den som trykker Ta, svarer i denne tråden. Ingenting som skrives her før det, går til"
            " kunden."
        ),
        how_with=(
            "Det {name} skriver i denne tråden, går til kunden. En melding som begynner med"
            " «notat:», er et internt notat. Rettelser og filer når ikke kunden."
        ),
        how_ended="Ingenting som skrives her, går til kunden lenger.",
        history="Tidligere",
        history_left_out="Eldre meldinger står i konsollen.",
        no_history="Ingenting er skrevet før dette.",
        bot="Boten",
        desk="Til kunden",
        changes={
            "taken": "{name} har tatt den.",
            "given": "Den er hos {name} nå.",
            "requeued": "Den venter igjen.",
            "requeued_team": "Den venter igjen, på {team}.",
            "moved": "Den venter på {team} nå.",
            "escalated": "Den har ventet for lenge.",
            "closed": "Avsluttet. Kunden blir bedt om en vurdering.",
            "returned": "Boten har den igjen.",
            "turned_away": "Ingen var der, og kunden ble tilbudt en annen måte.",
            "left": "Kunden gikk tilbake til boten.",
            "rated": "Kunden ga {rating} av 5.",
            "note": "Notat: {note}",
        },
        refusals={
            "taken": "{name} var raskere.",
            "not_yours": "{name} har denne samtalen.",
            "full": "Du har så mange samtaler som du kan ha på én gang.",
            "not_possible": "Det går ikke lenger.",
            "unknown": "Den samtalen finnes ikke lenger.",
            "empty": "Det er ingenting i den som kan sendes.",
            "too_long": "Den er for lang for kundens kanal. Send den i flere deler.",
            "no_contact": "Kunden kan ikke nås.",
            "no_floor": "Boten har denne samtalen igjen.",
        },
        not_sent="Ikke sendt til kunden. {why}",
        not_done="Ingenting er endret. {why}",
        take_first=(
            "Ikke sendt til kunden: ingen har tatt denne samtalen. Trykk Ta først; en melding som"
            " begynner med «notat:», er et internt notat."
        ),
        ended="Ikke sendt til kunden: denne samtalen er over.",
        files=(
            "Filen ble ikke sendt til kunden: filer i Slack kan bare åpnes i arbeidsområdet deres."
            " Legg den ved i konsollen, eller send en lenke som alle kan åpne."
        ),
        edited="Kunden ser fortsatt det du skrev først: rettelser når ikke fram.",
        deleted="Kunden ser fortsatt det du har slettet.",
        unavailable="Det gikk ikke akkurat nå, og ingenting er endret. Prøv igjen om litt.",
        command_here=(
            "Dette er kanalen til de ansatte: ingenting som spørres om her, når boten. Bruk"
            " kommandoen i en annen kanal, eller skriv direkte til meg."
        ),
        somebody="En annen",
    ),
}

LANGUAGES = tuple(_WORDS)


def words_for(language: str | None) -> Words:
    """The words of a language such as `nb` or `nb-NO`; English where there are none of it."""
    return _WORDS[known_language(language) or "en"]
