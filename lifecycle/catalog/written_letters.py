"""Letters that a campaign says itself, as Markdown: where they stand, in each language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lifecycle.catalog.document import Document, written
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem
from lifecycle.core.campaign import Campaign, letters_of
from lifecycle.core.made_from import text_name
from lifecycle.render.folder import locale_suffixes
from lifecycle.render.problems import TemplateProblem


@dataclass(frozen=True, slots=True)
class WrittenLetter:
    """One text of a campaign that is a letter, in one language."""

    name: str
    """Of the template it becomes, without the language."""
    tag: str | None
    """Its language; None for a text that is said in one alone."""
    is_default: bool
    """Whether customers get it who read none of the languages there are."""
    text: str
    place: Place
    marketing: bool


def written_letters(campaign: Campaign) -> Iterator[WrittenLetter]:
    """Each letter that a campaign says as `text`, in each of its languages."""
    for path, step in letters_of(campaign):
        said = [((*path, "text"), step.text)]
        said += [((*path, "variant", at, "text"), one.text) for at, one in enumerate(step.variant)]
        for place, text in said:
            if text is None:
                continue
            name, marketing = text_name(campaign.id, text), not step.transactional
            if isinstance(text, str):
                yield WrittenLetter(name, None, False, text, place, marketing)
                continue
            for index, (language, one) in enumerate(text.items()):
                suffix = locale_suffixes(language, None)[0]
                at = (*place, language)
                yield WrittenLetter(name, suffix[1:] or language, index == 0, one, at, marketing)


def empty(letter: WrittenLetter) -> bool:
    """Whether a letter says nothing at all."""
    return not letter.text.strip()


def placed(document: Document, letter: WrittenLetter, found: TemplateProblem) -> Problem:
    """A problem of a letter's text, at the line of the campaign's file where it stands."""
    line, column = document.position(letter.place)
    begins = _begins(document, line, column)
    if begins:
        line, column = begins + found.line - 1, found.column
    said = (found.problem, found.hint, found.severity)
    return document.at(min(line, len(document.lines)), column, *said, key=written(letter.place))


def _begins(document: Document, line: int, column: int) -> int:
    """The line on which a text of several lines begins; 0 for a text on one line."""
    here = document.lines[line - 1][column - 1 :] if line <= len(document.lines) else ""
    for quotes in ('"""', "'''"):
        before, found, after = here.partition(quotes)
        if found and before.rstrip().endswith("="):
            return line if after.strip() else line + 1
    return 0
