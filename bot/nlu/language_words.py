"""Words that tell English from Norwegian in the short texts people type into a chat.

A statistical detector needs a sentence; half of all chat messages have one to three words.
Left out on purpose: words that both languages have ("for", "men", "stop", "problem"), words
that speakers of both borrow from each other ("ok", "yes", "sorry", "chat", "tracking") and
words that are one language's only when read slowly ("is", "her", "god").
"""

from __future__ import annotations

ENGLISH_WORDS: frozenset[str] = frozenset(
    """
    a about absolutely address after afternoon again agent ahead already alright also any anybody
    anymore anyone anything are aren't arrive arrived ask asked available back be because been
    before bought broke broken bye call called came can't cancel cannot card change charge cheers
    closed closing come could couldn't damaged days definitely deliver delivered delivery did didn't
    does doesn't don't done dont down easter email emailed ends english evening every everything
    exchange explain find forget forgot found from get getting give go goodbye got gotta had hadn't
    hasn't have haven't he hello help heya hi hiya holidays hours how howdy human i'd i'll i'm i've
    if instead invoice isn't it it's item its joke just keep knock know last late later let let's
    like live long look lost made make many me meant message mind missing money morning much must my
    myself name need needs never nevermind new norwegian not nothing now number of one online only
    open opening or order ordered orders our out outside package paid parcel parcels pay paying
    payment people person phone place please postal postcode price problem's put question quit quite
    rather real receipt receive received refund remember repair repeat representative return
    returned returning right said saturday say says see sell send sent she shipment shipped shipping
    shop should shows size somebody someone something soon speak started starting store stuff such
    sunday sure take talk talking tell than thank thanks that that's the their them there these they
    thing this those thursday thx till today tomorrow too track try trying tuesday understand until
    update us use using very voucher wait waiting want wanted warranty was wasn't way we we're
    weather wednesday week weekend weeks went were what what's whats when where where's wheres which
    who who's whole why will with without won't work working works would wouldn't wrong yeah
    yesterday yet you you're your zip
    """.split()
)
"""Lower-case; an apostrophe is always the straight one."""

NORWEGIAN_WORDS: frozenset[str] = frozenset(
    """
    absolutt adressa adresse aldri alle alltid altså andre annen annet avbestille avbestilling
    avslutt avslutte bare bedrift beklager bestille bestilling bestillinga bestillingen bestilt
    bestilte betale betaling betalt ble blei bli blir blitt bra butikk butikken bytte både da dag
    dagen dager dame deg dei dem denne dere deres dette din disse ditt dokke dokker dritt du dumme
    dårlig døgn eg egentlig ei ein eit ekke ekte eller engelsk enn er et etter faktisk faktura
    fakturaen farvel fikk finner finnes fint flytta flyttet fortell fortsatt fra frakt frakten fram
    fremme få får fått før første garanti gavekort gi gikk gjerne gjør gjøre glem glemt god greie
    greier greit går gått ha hadde hade hadet halla hallo har hei heia heihei heisann hele heller
    helst hente herregud hjalp hjelp hjelpe hjelper hos hva hvem hvilke hvilken hvilket hvis hvor
    hvordan hvorfor håper ikke ikkje ingen ingenting inn inni innom ja jada japp jeg jepp jo joda
    kan kanseller kansellere kanskje kjøp kjøpe kjøpt kjøpte klage klager klokka kom komme kommer
    kontonummer kor korleis koster kundeservice kunne kva kvifor kvittering lage lager lagerstatus
    lenge lenger levere leveres levering leveringa leveringen leveringstid levert lørdag mandag
    mannen mat meg melding menneske menneskelig mente mer mi min mitt morgen morn morna mottatt må
    måtte navn nei neida neste niks noe noen nok norsk nullstill nytt nå når og også onsdag opp
    ordre ordren ordrenr ordrenummer ordrenummeret ordrestatus oss pakka pakke pakken pakker pengan
    pengene penger postnr postnummer postnummeret pratar prate på påske regning reklamasjon
    reklamere retur returen returnere returrett ringe ringte rundt sa sagt samme sammen seg sei
    sende sender sendt si sia siden sier sist siste sjekke skal skjer skulle slette slutt slutte
    snakk snakke snart snille som spørre spørsmål stenger stengt stopp større størrelse synes så
    sånn søndag takk takker tar tid tida tilbake tirsdag toget torsdag trenger tror turen tusen uka
    uke uken ukene uker unnskyld ut vart vat ved veit vel venta vente ventet vet vi vil ville vips
    vise vite vits vår våre vær være været vært åpen åpent åpne åpner åpningstid åpningstider æ æg
    ødelagt ønsker
    """.split()
)
"""Bokmål, with the dialect and Nynorsk forms that are common in chat."""
