"""One content of every kind that people see, in both languages, as the demo shop would say it."""

from __future__ import annotations

from bot.model.content import (
    Attachment,
    Button,
    Buttons,
    Card,
    Carousel,
    Content,
    DateChoice,
    Fact,
    File,
    Image,
    ListChoice,
    Option,
    QuickReplies,
    Rating,
    Request,
    Shared,
    Text,
)


def every_kind(language: str, site: str = "https://shop.example/") -> dict[str, Content]:
    """By a name for each. Pictures and files are said to be at `site`."""
    return _norwegian(site) if language == "nb" else _english(site)


def _norwegian(site: str) -> dict[str, Content]:
    return {
        "text": Text("**Se her**: [hjelp](https://x.example/) og `kode`\n\n- en\n- to"),
        "buttons": Buttons(
            "Hva gjelder det?",
            (
                Button("Spor pakken", "/order_status"),
                Button("Retur", "/return_order"),
                Button("Vilkår", url="https://shop.example/vilkaar"),
            ),
        ),
        "image": Image(f"{site}pictures/parcel.svg", "En pakke på en trapp"),
        "file": File(f"{site}pictures/parcel.svg", "kvittering-10042.pdf", "Her er kvitteringen:"),
        "card": Card(
            "Ordre 10042",
            "Sendt",
            facts=(Fact("Sporing", "NH370042190NO"), Fact("Forventet", "fredag 27. november")),
            buttons=(Button("Følg pakken", url="https://post.example/1"),),
        ),
        "carousel": Carousel(
            tuple(
                Card(
                    title,
                    price,
                    image=f"{site}pictures/{picture}.svg",
                    buttons=(Button("Velg denne", f"/choose_{picture}"),),
                )
                for title, price, picture in (
                    ("Fjelljakke, dame", "1 899 kr", "jacket"),
                    ("Tursekk, 30 liter", "1 249 kr", "rucksack"),
                    ("Termos", "349 kr", "flask"),
                )
            )
        ),
        "list_choice": ListChoice(
            "Hvor vil du hente pakken?",
            (
                Option("Nordlys Torggata", "/shop_1", "Torggata 11, åpent til 20"),
                Option("Nordlys Løren", "/shop_2", "Peter Møllers vei 8, åpent til 21"),
                Option("Hjem til meg", "/shop_3", "49 kr, torsdag kveld"),
            ),
            "Velg hentested",
        ),
        "long_list": ListChoice(
            "Hvilken størrelse?",
            tuple(Option(f"Størrelse {size}", f"/size_{size}") for size in range(36, 48)),
            "Velg størrelse",
        ),
        "date_choice": DateChoice(
            "Når passer det at vi leverer?",
            '/choose_day{"day": "$date"}',
            "2026-11-25",
            "2026-12-04",
        ),
        "request_location": Request("Hvor er du? Så finner vi nærmeste butikk.", "location"),
        "request_phone": Request("Hvilket nummer kan sjåføren ringe?", "phone"),
        "request_email": Request("Hvor skal vi sende kvitteringen?", "email"),
        "rating": Rating("Hvor fornøyd er du med hjelpen?", '/rate{"points": "$rating"}'),
        "points": Rating("Hvor sannsynlig er det at du anbefaler oss?", "/nps$rating", 10),
        "shared": Shared(
            "Slik så den ut",
            (
                Attachment("image", "esken.jpg", f"{site}pictures/parcel.svg"),
                Attachment("file", "reklamasjon.pdf", ref="AgADBAAD"),
                Attachment("location", latitude=59.91273, longitude=10.74609),
            ),
        ),
        # Quick replies are the last: they are suggestions for the very next word.
        "quick_replies": QuickReplies(
            "Er det noe mer vi kan hjelpe med?",
            (Button("Ja, én ting til", "/affirm"), Button("Nei takk", "/deny")),
        ),
    }


def _english(site: str) -> dict[str, Content]:
    return {
        "text": Text("**Look**: [help](https://x.example/) and `code`\n\n- one\n- two"),
        "buttons": Buttons(
            "What is it about?",
            (
                Button("Track the parcel", "/order_status"),
                Button("Return", "/return_order"),
                Button("Terms", url="https://shop.example/terms"),
            ),
        ),
        "image": Image(f"{site}pictures/parcel.svg", "A parcel on a doorstep"),
        "file": File(f"{site}pictures/parcel.svg", "receipt-10042.pdf", "Here is the receipt:"),
        "card": Card(
            "Order 10042",
            "Shipped",
            facts=(Fact("Tracking", "NH370042190NO"), Fact("Expected", "Friday 27 November")),
            buttons=(Button("Follow it", url="https://post.example/1"),),
        ),
        "carousel": Carousel(
            tuple(
                Card(
                    title,
                    price,
                    image=f"{site}pictures/{picture}.svg",
                    buttons=(Button("Choose this", f"/choose_{picture}"),),
                )
                for title, price, picture in (
                    ("Mountain jacket", "NOK 1,899", "jacket"),
                    ("Rucksack, 30 litres", "NOK 1,249", "rucksack"),
                    ("Vacuum flask", "NOK 349", "flask"),
                )
            )
        ),
        "list_choice": ListChoice(
            "Where would you like to collect it?",
            (
                Option("Nordlys Torggata", "/shop_1", "Torggata 11, open until 8 pm"),
                Option("Nordlys Løren", "/shop_2", "Peter Møllers vei 8, open until 9 pm"),
                Option("At home", "/shop_3", "NOK 49, Thursday evening"),
            ),
            "Choose a place",
        ),
        "long_list": ListChoice(
            "Which size?",
            tuple(Option(f"Size {size}", f"/size_{size}") for size in range(36, 48)),
            "Choose a size",
        ),
        "date_choice": DateChoice(
            "Which day shall we deliver it?",
            '/choose_day{"day": "$date"}',
            "2026-11-25",
            "2026-12-04",
        ),
        "request_location": Request("Where are you? We will find the nearest shop.", "location"),
        "request_phone": Request("Which number can the driver call?", "phone"),
        "request_email": Request("Where shall we send the receipt?", "email"),
        "rating": Rating("How happy are you with our help?", '/rate{"points": "$rating"}'),
        "points": Rating("How likely are you to recommend us?", "/nps$rating", 10),
        "shared": Shared(
            "It looked like this",
            (
                Attachment("image", "box.jpg", f"{site}pictures/parcel.svg"),
                Attachment("file", "complaint.pdf", ref="AgADBAAD"),
                Attachment("location", latitude=59.91273, longitude=10.74609),
            ),
        ),
        "quick_replies": QuickReplies(
            "Is there anything else that we can help with?",
            (Button("Yes, one more thing", "/affirm"), Button("No, thank you", "/deny")),
        ),
    }
