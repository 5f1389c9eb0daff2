"""What the customers of the load generator say to Nordlys Handel, and which responses are right.

Half of the conversations look up an order, through the form and the order system; the other half
asks questions. English and Norwegian take turns, so that a single client meets both.
"""

from __future__ import annotations

from bench.answers import Step
from bench.load import Conversation


def _order(
    hello: str, where: str, number: str, postcode: str, state: str, thanks: str
) -> tuple[Step, ...]:
    return (
        Step(hello, ("utter_greet",)),
        Step(where, ("utter_ask_order_number",)),
        Step(number, ("utter_ask_postcode",)),
        Step(postcode, (state,), {"order_number": number}),
        Step(thanks, ("utter_thank",)),
    )


CONVERSATIONS = (
    Conversation(
        "order shipped",
        "en",
        _order("Hi", "Where is my order?", "10042", "0150", "utter_order_shipped", "Thank you!"),
    ),
    Conversation(
        "spørsmål om levering",
        "nb",
        (
            Step("Hei", ("utter_greet",)),
            Step("Hva er åpningstidene deres?", ("utter_opening_hours",)),
            Step("Hva koster frakten?", ("utter_delivery_cost",)),
            Step("Hvor ligger butikken?", ("utter_store_location",)),
            Step("Ha det bra", ("utter_goodbye",)),
        ),
    ),
    Conversation(
        "questions before buying",
        "en",
        (
            Step("Hello", ("utter_greet",)),
            Step("What are your opening hours?", ("utter_opening_hours",)),
            Step("How much does delivery cost?", ("utter_delivery_cost",)),
            Step("How can I pay?", ("utter_payment_methods",)),
            Step("Goodbye", ("utter_goodbye",)),
        ),
    ),
    Conversation(
        "pakke sendt",
        "nb",
        _order("Hei", "Hvor er pakken min?", "10042", "0150", "utter_order_shipped", "Tusen takk!"),
    ),
    Conversation(
        "order delivered",
        "en",
        _order(
            "Hi there", "Where is my parcel?", "10044", "7011", "utter_order_delivered", "Thanks"
        ),
    ),
    Conversation(
        "spørsmål om betaling",
        "nb",
        (
            Step("God dag", ("utter_greet",)),
            Step("Hvordan kan jeg betale?", ("utter_payment_methods",)),
            Step("Selger dere gavekort?", ("utter_gift_card",)),
            Step("Hvor lang er leveringstiden?", ("utter_delivery_terms",)),
            Step("Takk for hjelpen", ("utter_thank",)),
        ),
    ),
    Conversation(
        "questions after buying",
        "en",
        (
            Step("Good morning", ("utter_greet",)),
            Step("What is your return policy?", ("utter_return_terms",)),
            Step("When do I get my refund?", ("utter_refund_status",)),
            Step("Where is your shop?", ("utter_store_location",)),
            Step("Thanks for your help", ("utter_thank",)),
        ),
    ),
    Conversation(
        "pakke under pakking",
        "nb",
        _order("Hallo", "Hvor er ordren min?", "10043", "5003", "utter_order_packing", "Takk"),
    ),
)

# One pass of the growing conversation: only questions, since an order that was looked up once
# would be told without the form the next time, and the passes would not be alike.
GROWING = (
    Step("Hi", ("utter_greet",)),
    Step("What are your opening hours?", ("utter_opening_hours",)),
    Step("How much does delivery cost?", ("utter_delivery_cost",)),
    Step("Where is your shop?", ("utter_store_location",)),
    Step("What is your return policy?", ("utter_return_terms",)),
    Step("When do I get my refund?", ("utter_refund_status",)),
    Step("How can I pay?", ("utter_payment_methods",)),
    Step("Do you sell gift cards?", ("utter_gift_card",)),
    Step("What can you do?", ("utter_capabilities",)),
    Step("Thank you!", ("utter_thank",)),
)

FIRST = Step("Hi", ("utter_greet",))

# What the trial by killed processes holds: a lost or doubled message in the form shows at once,
# since the form would ask again.
ORDER_CONVERSATIONS = tuple(
    Conversation(
        each.name,
        each.language,
        (*each.steps[1:], Step(goodbye, ("utter_goodbye",))),
    )
    for each, goodbye in (
        (CONVERSATIONS[0], "Goodbye"),
        (CONVERSATIONS[3], "Ha det bra"),
        (CONVERSATIONS[4], "Bye"),
        (CONVERSATIONS[7], "Ha det"),
    )
)
