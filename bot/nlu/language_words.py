"""Words that tell English from Norwegian in the short texts people type into a chat.

A statistical detector needs a sentence; half of all chat messages have one to three words.
Left out on purpose: words that both languages have ("for", "men", "stop", "problem"), words
that speakers of both borrow from each other ("ok", "yes", "sorry", "chat", "tracking") and
words that are one language's only when read slowly ("is", "her", "god").
"""

from __future__ import annotations

ENGLISH_WORDS: frozenset[str] = frozenset(
    """
    a about address after afternoon again agent already also any anybody anyone anything are aren't
    arrive arrived ask asked available back be because been before bought bought broke broken
    bye call called came cancel can't cannot card change charge closed closing come could couldn't
    damaged days deliver delivered delivery did didn't does doesn't don't done dont down easter
    email emailed ends english evening every everything exchange explain find forget forgot found
    from get getting give goodbye got had hadn't hasn't have haven't he hello help hi holidays hours
    how human i'd i'll i'm i've if instead invoice isn't it it's item its joke just keep know last
    late later let like live long look lost made make many me message mind mine missing money morning
    much must my myself name need needs never nevermind new norwegian not nothing now number of one
    online only open opening or order ordered orders our out outside package paid parcel parcels pay
    paying payment people person phone place please postcode price problem's put question quit quite
    rather real receipt receive received refund remember repair repeat return returned returning
    right said saturday say says see sell send sent she shipment shipped shipping shop should shows
    size somebody someone something soon speak started starting started store stuff such sunday take
    talk talking tell than thank thanks that that's the their them there these they thing this those
    thursday till today tomorrow too track try trying tuesday understand until update us use using
    very voucher wait waiting want wanted warranty was wasn't way we we're weather wednesday week
    weekend weeks went were what what's whats when where where's wheres which who who's whole why
    will with without won't work working works would wouldn't wrong yesterday yet you you're your
    zip
    """.split()
)
"""Lower-case; an apostrophe is always the straight one."""

NORWEGIAN_WORDS: frozenset[str] = frozenset(
    """
    adresse adressa alle alltid altså andre annen annet avbestille avbestilling avslutt avslutte
    bare bedrift beklager bestille bestillinga bestillingen bestilling bestilt bestilte betale
    betaling betalt ble blei blitt bli blir bra butikk butikken bytte både både da dag dager dagen dame
    deg dei dem denne deres dere dette disse ditt din dokker dokke dritt du dumme døgn dårlig eg
    egentlig eit ein ei ekke ekte eller engelsk enn er et etter faktisk faktura fakturaen
    fikk finnes finner fint flytta flyttet fortsatt fra frakt frakten fram fremme få får fått før
    første første garanti gavekort gi gikk gjerne gjør gjøre glem glemt god greit går gått ha hadde
    hadet hallo har hei heia heisann hele heller helst hente hente herregud hjalp hjelp hjelpe
    hjelper hos hva hvem hvilke hvilken hvilket hvis hvor hvordan hvorfor håper ikke ikkje inn
    ingen ingenting inni innom ja jada jeg jo kan kanskje kjøp kjøpe kjøpt kjøpte klage klager
    klokka kom kommer komme kontonummer korleis kor koster kunne kundeservice kva kvifor kvittering
    lage lager lenge lenger levere levert levering leveringa leveringen leveres leveringstid lørdag
    mandag mannen mat meg melding menneske menneskelig mer mitt mi min mine morn morna morgen
    mottatt må måtte navn nei neida neste niks norsk noen noe nok nytt nå når også og oss onsdag
    opp ordre ordren ordrenummer ordrenummeret pakke pakka pakken pakker penger pengene pengan
    postnr postnummer postnummeret prate pratar på påske regning retur returen returnere reklamere
    reklamasjon ringe ringte rundt sa sagt samme sammen send sende sendt sei seg sender si sia siden
    sier sist siste sjekke skal skjer skulle slette slutt slutte snakk snakke snart snille som
    spørre spørsmål stenger stengt stopp større størrelse søndag synes så takk takker tar tilbake
    tid tida tirsdag toget torsdag tror trenger turen tusen uka uke uken ukene uker unnskyld ut vart
    vat ved veit vel vente venta ventet vet vi vil ville vips vise vite vær været være vært vår våre
    åpen åpent åpne åpner åpningstid åpningstider æ æg ødelagt ønsker
    """.split()
)
"""Bokmål, with the dialect and Nynorsk forms that are common in chat."""
