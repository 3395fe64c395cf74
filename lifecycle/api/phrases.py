"""What our own pages say, in the languages they speak."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lifecycle.core.facts import language_of

Phrases = Mapping[str, str]
OTHERWISE = "en"
_ENGLISH = {
    "ask_about": "Get no more letters on “{topic}”?",
    "ask": "Get no more of these letters?",
    "one_click": "One click, and {shop} writes to you about this no more.",
    "unsubscribe": "Unsubscribe",
    "title": "Unsubscribe",
    "done": "Done",
    "saved": "Saved",
    "saved_told": "You get what is ticked below, and no more.",
    "gone": "You are unsubscribed",
    "gone_about": "You get no more letters on “{topic}” from {shop}.",
    "gone_all": "You get no more letters from {shop}.",
    "on_its_way": "A letter on its way may still arrive.",
    "choose": "Or choose what you get",
    "topics": "Letters on",
    "how_often": "How often",
    "all": "Everything that is for me",
    "weekly": "At most one letter a week",
    "monthly": "At most one letter a month",
    "save": "Save",
    "pause": "Or take a pause",
    "pause_told": "For 30 days {shop} leaves you in peace; after that you get letters again.",
    "pause_button": "Pause for 30 days",
    "paused": "Paused until {day}",
    "paused_told": "Until {day} {shop} writes to you about your own orders alone.",
    "go_on": "End the pause",
    "goes_on": "The pause is over",
    "goes_on_told": "From now on you get letters again.",
    "stop": "Or stop everything",
    "stop_button": "Stop everything",
    "orders": "Letters about your own orders still come.",
    "no_link": "This link does not work",
    "no_link_told": "It may have been cut off or changed on its way. Open the letter again and "
    "follow the link from there.",
    "confirm_title": "Please confirm",
    "confirm_ask": "Shall {shop} write to you?",
    "confirm_about": "You, or somebody who gave your address, asked for letters on “{topic}”.",
    "confirm_not": "If it was not you, just close this page: then no letter follows.",
    "confirm_button": "Yes, write to me",
    "confirmed": "Thank you, that is settled",
    "confirmed_told": "{shop} writes to you on “{topic}” from now on. Every letter has a link to "
    "leave by.",
    "expired": "This link is too old",
    "expired_told": "Sign up once more, and {shop} sends you a new one.",
    "busy": "That did not work just now",
    "busy_told": "Please try it again in a minute.",
}
_GERMAN = {
    "ask_about": "Keine Post mehr zu „{topic}“?",
    "ask": "Keine solche Post mehr?",
    "one_click": "Ein Klick, und {shop} schreibt Ihnen dazu nicht mehr.",
    "unsubscribe": "Abmelden",
    "title": "Abmelden",
    "done": "Erledigt",
    "saved": "Gespeichert",
    "saved_told": "Sie bekommen, was unten angekreuzt ist, und nicht mehr.",
    "gone": "Sie sind abgemeldet",
    "gone_about": "Sie bekommen zu „{topic}“ keine Post mehr von {shop}.",
    "gone_all": "Sie bekommen keine Post mehr von {shop}.",
    "on_its_way": "Ein Brief, der schon unterwegs ist, kann noch ankommen.",
    "choose": "Oder wählen Sie aus, was Sie bekommen",
    "topics": "Post zu",
    "how_often": "Wie oft",
    "all": "Alles, was für mich ist",
    "weekly": "Höchstens einen Brief in der Woche",
    "monthly": "Höchstens einen Brief im Monat",
    "save": "Speichern",
    "pause": "Oder machen Sie eine Pause",
    "pause_told": "30 Tage lang lässt {shop} Sie in Ruhe; danach bekommen Sie wieder Post.",
    "pause_button": "30 Tage Pause",
    "paused": "Pause bis {day}",
    "paused_told": "Bis {day} schreibt {shop} Ihnen nur zu Ihren eigenen Bestellungen.",
    "go_on": "Pause beenden",
    "goes_on": "Die Pause ist vorbei",
    "goes_on_told": "Ab jetzt bekommen Sie wieder Post.",
    "stop": "Oder gar keine Post mehr",
    "stop_button": "Gar keine Post mehr",
    "orders": "Briefe zu Ihren eigenen Bestellungen kommen weiterhin.",
    "no_link": "Dieser Link führt nirgends hin",
    "no_link_told": "Er ist wohl unterwegs abgeschnitten oder verändert worden. Öffnen Sie den "
    "Brief noch einmal und folgen Sie dem Link von dort.",
    "confirm_title": "Bitte bestätigen",
    "confirm_ask": "Darf {shop} Ihnen schreiben?",
    "confirm_about": "Sie haben um Post zu „{topic}“ gebeten, oder jemand hat Ihre Adresse "
    "angegeben.",
    "confirm_not": "Waren Sie es nicht, schließen Sie einfach diese Seite: dann kommt keine Post.",
    "confirm_button": "Ja, schreiben Sie mir",
    "confirmed": "Danke, das ist abgemacht",
    "confirmed_told": "{shop} schreibt Ihnen ab jetzt zu „{topic}“. In jedem Brief steht ein Link "
    "zum Abmelden.",
    "expired": "Dieser Link ist zu alt",
    "expired_told": "Melden Sie sich noch einmal an, dann schickt {shop} Ihnen einen neuen.",
    "busy": "Das hat gerade nicht geklappt",
    "busy_told": "Bitte versuchen Sie es in einer Minute noch einmal.",
}
_FRENCH = {
    "ask_about": "Ne plus recevoir de courriers sur « {topic} » ?",
    "ask": "Ne plus recevoir ces courriers ?",
    "one_click": "Un clic, et {shop} ne vous écrit plus à ce sujet.",
    "unsubscribe": "Se désabonner",
    "title": "Se désabonner",
    "done": "C’est fait",
    "saved": "Enregistré",
    "saved_told": "Vous recevez ce qui est coché ci-dessous, et rien d’autre.",
    "gone": "Vous êtes désabonné",
    "gone_about": "Vous ne recevez plus de courriers de {shop} sur « {topic} ».",
    "gone_all": "Vous ne recevez plus de courriers de {shop}.",
    "on_its_way": "Un courrier déjà parti peut encore arriver.",
    "choose": "Ou choisissez ce que vous recevez",
    "topics": "Courriers sur",
    "how_often": "À quelle fréquence",
    "all": "Tout ce qui me concerne",
    "weekly": "Au plus un courrier par semaine",
    "monthly": "Au plus un courrier par mois",
    "save": "Enregistrer",
    "pause": "Ou faites une pause",
    "pause_told": "Pendant 30 jours, {shop} vous laisse tranquille ; ensuite, les courriers "
    "reprennent.",
    "pause_button": "Pause de 30 jours",
    "paused": "En pause jusqu’au {day}",
    "paused_told": "Jusqu’au {day}, {shop} ne vous écrit qu’à propos de vos commandes.",
    "go_on": "Mettre fin à la pause",
    "goes_on": "La pause est terminée",
    "goes_on_told": "Vous recevez de nouveau nos courriers.",
    "stop": "Ou plus rien du tout",
    "stop_button": "Tout arrêter",
    "orders": "Les courriers sur vos propres commandes continuent d’arriver.",
    "no_link": "Ce lien ne mène nulle part",
    "no_link_told": "Il a sans doute été coupé ou modifié en chemin. Ouvrez de nouveau le courrier "
    "et suivez le lien à partir de là.",
    "confirm_title": "Merci de confirmer",
    "confirm_ask": "{shop} peut-il vous écrire ?",
    "confirm_about": "Vous avez demandé des courriers sur « {topic} », ou quelqu’un a donné votre "
    "adresse.",
    "confirm_not": "Si ce n’était pas vous, fermez simplement cette page : rien ne suivra.",
    "confirm_button": "Oui, écrivez-moi",
    "confirmed": "Merci, c’est entendu",
    "confirmed_told": "{shop} vous écrit désormais sur « {topic} ». Chaque courrier porte un lien "
    "pour se désabonner.",
    "expired": "Ce lien est trop ancien",
    "expired_told": "Inscrivez-vous de nouveau, et {shop} vous en envoie un autre.",
    "busy": "Cela n’a pas marché",
    "busy_told": "Merci de réessayer dans une minute.",
}
LANGUAGES: Mapping[str, Phrases] = {"en": _ENGLISH, "de": _GERMAN, "fr": _FRENCH}
_ACCEPTED = re.compile(r"\s*([a-z]{2,3})(?:-[a-z0-9]+)*\s*(?:;\s*q=([0-9.]+))?\s*", re.I)
_MOST_ACCEPTED = 20


def language_for(locale: str | None, accepted: str, shop: str) -> str:
    """The language of a page: the customer's own, else the browser's, else the shop's.

    `accepted` is the header Accept-Language. Where we speak none of them it is English.
    """
    wanted = [language_of(locale) or "", *_by_weight(accepted), language_of(shop) or ""]
    return next((one for one in wanted if one.lower() in LANGUAGES), OTHERWISE).lower()


def _by_weight(accepted: str) -> list[str]:
    found: list[tuple[float, str]] = []
    for part in accepted.split(",")[:_MOST_ACCEPTED]:
        match = _ACCEPTED.fullmatch(part)
        if match is not None:
            try:
                found.append((-float(match[2] or 1), match[1].lower()))
            except ValueError:
                continue
    return [language for _, language in sorted(found, key=lambda pair: pair[0])]
