"""The console's own words, Vietnamese first and English beside: `words.toml`, read once when it is built."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

LANGUAGES = ("vi", "en")
FILE = Path(__file__).with_name("words.toml")

Texts = Mapping[str, tuple[str, str]]


def read_texts(file: Path = FILE) -> Texts:
    """Every text by its name ("overview.title"), in the languages of `LANGUAGES`."""
    with file.open("rb") as stream:
        rooms = tomllib.load(stream)
    return {
        f"{room}.{name}": (str(both[0]), str(both[1]))
        for room, texts in rooms.items()
        for name, both in texts.items()
    }


def speaker(texts: Texts, language: str) -> Callable[..., str]:
    """A function that says a text in a language, `t("find.some", count=3)`.

    `otherwise` is said of a name that has no text; without it that raises KeyError.
    """
    place = LANGUAGES.index(language)

    def say(name: str, otherwise: str = "", **values: object) -> str:
        text = otherwise if otherwise and name not in texts else texts[name][place]
        return text.format(**values) if values else text

    return say
