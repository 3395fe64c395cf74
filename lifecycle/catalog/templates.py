"""Compiles the templates that campaigns name, in each language there is, and checks their texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from lifecycle.catalog.catalog import fingerprint_of
from lifecycle.catalog.compiling import Compiling, Filters
from lifecycle.catalog.document import Document
from lifecycle.catalog.folder import CAMPAIGNS, TEMPLATES
from lifecycle.catalog.positions import Place
from lifecycle.catalog.problem import Problem, did_you_mean, of_file, shortened
from lifecycle.catalog.project import Project
from lifecycle.catalog.written_letters import WrittenLetter, empty, placed, written_letters
from lifecycle.core.campaign import Broadcast, Campaign, Flow, letters_of
from lifecycle.core.recurring import template_pattern
from lifecycle.render.check import lint_template, names_in, not_run, unknown_names
from lifecycle.render.compile import Afresh, CompiledTemplate, afresh, environment
from lifecycle.render.letter import MAX_PREHEADER, MAX_SUBJECT
from lifecycle.render.problems import TemplateProblem

KNOWN_NAMES = frozenset(
    "customer event item items incentive points referral shop campaign step"
    " unsubscribe_url preferences_url view_url confirm_url".split()
)
"""What a template sees."""
_TAGGED = re.compile(r"^(?P<stem>.*)\.(?P<tag>[a-z]{2,3}(?:-[A-Z]{2})?)(?P<ending>\.\w+)$")
_IN_BRACES = re.compile(r"\{[{%#].*[}%#]\}", re.S)
_LETTER = re.compile(r"<mjml\b|\{%-?\s*extends\b")


class Templates:
    """The templates of one project: compiled by name, with a language's tag where it has one."""

    def __init__(
        self, project: Project, folder: Path, filters: Filters, by: Afresh = afresh
    ) -> None:
        """`by` compiles what is not known yet."""
        self.project = project
        self.filters = filters
        self.compiled: dict[str, CompiledTemplate] = {}
        paths = [one.removeprefix(f"{TEMPLATES}/") for one in project.files]
        self.files = [path for path, full in zip(paths, project.files, strict=True) if path != full]
        self.language = project.settings.shop.language if project.settings else None
        texts = {path: project.files[f"{TEMPLATES}/{path}"] for path in self.files}
        self.compiling = Compiling(folder, fingerprint_of(texts), self.language, filters, by)

    def check(self) -> Iterator[Problem]:
        """Compile what campaigns name; a problem for each template missing, broken or unused."""
        marketing: dict[str, bool] = {}
        for name, campaign in self.project.campaigns.items():
            document = self.project.documents[f"{CAMPAIGNS}/{name}.toml"]
            yield from self._texts(document, campaign)
            for letter in written_letters(campaign):
                yield from self._written(document, letter)
            for place, said, transactional in named_templates(campaign):
                if self._is_unread(said):
                    continue
                found = self._meant(campaign, said)
                if not found:
                    yield self._missing(document, place, said)
                for template in found:
                    marketing[template] = marketing.get(template, False) or not transactional
        problems: set[Problem] = set()
        for template, is_marketing in marketing.items():
            for compiled in self._in_each_language(template):
                problems |= set(self._lint(compiled, is_marketing))
        yield from sorted(problems, key=Problem.sort_key)
        yield from self._unused()

    def _meant(self, campaign: Campaign, said: str) -> list[str]:
        """The templates that a name means: several where it leaves a date open."""
        pattern = template_pattern(said) if isinstance(campaign, Broadcast) else None
        if pattern is None:
            return [said] if self._is_there(said) else []
        return [one for one in self._names() if pattern.fullmatch(one) and self._is_there(one)]

    def _missing(self, document: Document, place: Place, said: str) -> Problem:
        if template_pattern(said) is not None:
            hint = "one is made for each occurrence, such as newsletter/2027-05.mjml"
            return document.problem(place, f"no template is named like “{said}”", hint)
        hint = did_you_mean(said, self._names()) or f"make {TEMPLATES}/{said}.mjml"
        return document.problem(place, f"there is no template “{said}”", hint)

    def _written(self, document: Document, letter: WrittenLetter) -> Iterator[Problem]:
        """Compile a letter that is written in the campaign itself, and look it over."""
        if empty(letter):
            yield document.problem(letter.place, "a letter without a word")
            return
        name = letter.name if letter.tag is None else f"{letter.name}.{letter.tag}"
        compiled = self.compiling.text(name, letter.text, letter.tag or self.language)
        self.compiled[name] = compiled
        if letter.is_default:
            self.compiled[letter.name] = compiled
        for one in _looked_over(compiled, letter.marketing):
            own = one.file == name
            yield placed(document, letter, one) if own else self._problem(one)

    def _lint(self, compiled: CompiledTemplate, marketing: bool) -> Iterator[Problem]:
        for one in _looked_over(compiled, marketing):
            yield self._problem(one)

    def _problem(self, found: TemplateProblem) -> Problem:
        file = f"{TEMPLATES}/{found.file}"
        lines = self.project.files.get(file, "").splitlines()
        text = lines[found.line - 1] if 0 < found.line <= len(lines) else ""
        said = (shortened(found.problem), shortened(found.hint), shortened(text))
        return Problem(file, found.line, found.column, "", found.severity, *said)

    def _in_each_language(self, name: str) -> list[CompiledTemplate]:
        plain = self.compiled[name] = self.compiling.compile(name)
        # a letter keeps to one language, so only its own versions make another letter
        tags = {
            match["tag"]
            for path in self.files
            if (match := _TAGGED.match(path)) and _untagged(path) == f"{name}.mjml"
        }
        found = [plain]
        for tag in sorted(tags - {self.language}):
            found.append(self.compiling.compile(name, tag))
            self.compiled[f"{name}.{tag}"] = found[-1]
        return found

    def _unused(self) -> Iterator[Problem]:
        if not self.project.campaigns or self.project.has_errors:
            return
        reached = {path for one in self.compiled.values() for path in one.files}
        for path in self.files:
            text = self.project.files[f"{TEMPLATES}/{path}"]
            if path.endswith(".mjml") and path not in reached and _LETTER.search(text):
                compiled = self.compiling.compile(path.removesuffix(".mjml"))
                problem = "no campaign uses this template"
                yield of_file(f"{TEMPLATES}/{path}", problem, severity="warning")
                reached.update(compiled.files)

    def _texts(self, document: Document, campaign: Campaign) -> Iterator[Problem]:
        env = environment(dict.fromkeys(self.filters, not_run), {}, autoescape=False)
        for place, source in written_texts(campaign):
            if "subject" in place and ("\n" in source or "\r" in source):
                yield document.problem(place, "a subject stands on one line")
            yield from _too_long(document, place, source)
            try:
                env.from_string(source)
            except TemplateError as error:
                problem = f"what stands in braces here cannot be read: {error.message or ''}"
                yield document.problem(place, problem)
                continue
            except (SyntaxError, RecursionError, MemoryError, ValueError):
                yield document.problem(place, "what stands in braces here cannot be read")
                continue
            for name, _ in names_in(env, source):
                if name not in KNOWN_NAMES:
                    hint = did_you_mean(name, KNOWN_NAMES)
                    hint = hint or f"texts know: {', '.join(sorted(KNOWN_NAMES))}"
                    problem = f"nothing is known under the name “{name}”"
                    yield document.problem(place, problem, hint)

    def _names(self) -> list[str]:
        return sorted({_untagged(one).removesuffix(".mjml") for one in self.files})

    def _is_there(self, name: str) -> bool:
        tag = f".{self.language}" if self.language else ""
        endings = ("", ".mjml", f"{tag}.mjml")
        return any(f"{name}{ending}" in self.files for ending in endings)

    def _is_unread(self, name: str) -> bool:
        return f"{TEMPLATES}/{name}.mjml" in self.project.unread


def _too_long(document: Document, place: Place, source: str) -> Iterator[Problem]:
    """What is longer than a letter takes, whatever stands in for what is in braces."""
    most = MAX_SUBJECT if "subject" in place else MAX_PREHEADER
    length = len(_IN_BRACES.sub("", source))
    if "text" not in place and length > most:
        yield document.problem(place, f"{length} characters, and a letter takes {most}", "cut it")


@lru_cache(maxsize=512)
def _looked_over(compiled: CompiledTemplate, marketing: bool) -> tuple[TemplateProblem, ...]:
    """The problems of a compiled template, kept for as long as it is the same."""
    names = unknown_names(compiled, set(KNOWN_NAMES))
    return (*lint_template(compiled, marketing=marketing), *names)


def named_templates(campaign: Campaign) -> Iterator[tuple[Place, str, bool]]:
    """Each template a campaign names: where, its name, and whether the letter is transactional."""
    for place, letter in letters_of(campaign):
        if letter.template is not None:
            yield (*place, "template"), letter.template, letter.transactional
        for index, one in enumerate(letter.variant):
            if one.template is not None:
                yield (*place, "variant", index, "template"), one.template, letter.transactional


def written_texts(campaign: Campaign) -> Iterator[tuple[Place, str]]:
    """Each subject, preheader and note, in each language, with where it stands."""
    for place, letter in letters_of(campaign):
        parts: list[tuple[Place, Any]] = [(place, letter)]
        parts += [((*place, "variant", i), one) for i, one in enumerate(letter.variant)]
        for at, part in parts:
            for key in ("subject", "preheader"):
                yield from _in_languages((*at, key), getattr(part, key))
    if isinstance(campaign, Flow):
        for one in campaign.way.places.values():
            if one.step.notify is not None:
                for key in ("text", "subject"):
                    yield from _in_languages(
                        (*one.path, "notify", key), getattr(one.step.notify, key)
                    )


def _in_languages(place: Place, text: Any) -> Iterator[tuple[Place, str]]:
    if isinstance(text, str):
        yield place, text
    elif text is not None:
        yield from (((*place, language), one) for language, one in text.items())


def _untagged(path: str) -> str:
    match = _TAGGED.match(path)
    return f"{match['stem']}{match['ending']}" if match else path
