"""[retention] of the settings: how long personal data stay."""

from collections.abc import Iterator
from typing import Annotated, Literal

from bus.setting_section import Fault, Section, says
from bus.setting_types import Seconds

DAY = 86_400.0

Kind = Literal["raw", "content", "words", "answers", "aside"]
KINDS: tuple[Kind, ...] = ("words", "raw", "answers", "content", "aside")
"""What is removed, in this order; `aside` is of messages, all else of dossiers."""


class Rules(Section, frozen=True, kw_only=True):
    """[retention]: how long personal data of dossiers that are over stay; for ever what is not named."""

    raw: Annotated[
        Seconds | None,
        says(
            "messages as they came; without them nothing can be shown or reconciled", vi="bản gốc", least=DAY
        ),
    ] = None
    answers: Annotated[
        Seconds | None, says("what peers answered, and corrections", vi="trả lời của nơi nhận", least=DAY)
    ] = None
    words: Annotated[
        Seconds | None, says("names and identifiers that dossiers are found by", vi="từ để tìm", least=DAY)
    ] = None
    content: Annotated[
        Seconds | None,
        says(
            "what they say; then the dossier is closed for good: what is told of it later waits for a person",
            vi="nội dung",
            least=DAY,
        ),
    ] = None
    aside: Annotated[
        Seconds | None,
        says(
            "messages set aside that never had a dossier; seen to or not, they cannot be read again then",
            vi="tin để riêng",
            least=DAY,
        ),
    ] = None
    files: Annotated[
        Seconds | None,
        says("stored files that nothing kept names any more, from when they were put", vi="tệp", least=DAY),
    ] = None

    def faults(self) -> Iterator[Fault]:
        """Words are found again in contents, and files are named by them: these go no later than those."""
        if self.content is not None and (self.words is None or self.words > self.content):
            yield Fault(
                "words", '"words" must be no longer than "content"', "Write words = the same as content"
            )
        if self.files is not None and None in (self.raw, self.content, self.answers):
            what = '"files" go once no message, content or answer names them: these need an end too'
            yield Fault("files", what, "Give raw, content and answers too")

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that have an end, in the order in which they go."""
        return tuple(kind for kind in KINDS if getattr(self, kind) is not None)
