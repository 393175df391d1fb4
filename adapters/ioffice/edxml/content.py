"""The encoded content of one attachment while a package is read: from base64 to the store."""

import tempfile
from typing import Any, BinaryIO, cast

from adapters.ioffice.edxml import archive
from adapters.ioffice.edxml.base64_text import Base64Text, Base64TextError, TooLargeError
from adapters.ioffice.edxml.limits import Limits
from adapters.ioffice.edxml.media import SNIFFED, media_type
from bus.archives import archive_faults
from bus.errors import RejectedMessageError
from bus.ports import Files
from mappings.dossier import File

_IN_MEMORY = 262_144


class ContentError(Exception):
    """The content cannot be taken; `what` and `vi` say why."""

    def __init__(self, what: str, vi: str) -> None:
        super().__init__(what)
        self.what, self.vi = what, vi


def spool() -> BinaryIO:
    """Make a file that stays in memory while it is small and is gone when it is closed."""
    return cast("BinaryIO", tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY))


class Content:
    """Takes the text of one ContentTransferEncoded; what is wrong with it is kept until it is asked for."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._bytes = spool()
        self._text = Base64Text(self._bytes, 2 * limits.attachment)
        self._wrong: ContentError | None = None

    def feed(self, piece: bytes) -> None:
        """Take a piece of the text; after a mistake the rest is passed over."""
        if self._wrong is None:
            self._try(lambda: self._text.feed(piece))

    def finish(self) -> None:
        """The element has ended."""
        if self._wrong is None:
            self._try(self._text.finish)

    def _try(self, step: Any) -> None:
        try:
            step()
        except Base64TextError as error:
            self._wrong = ContentError(str(error), "nội dung mã hóa base64 không hợp lệ")
        except TooLargeError:
            self._wrong = self._too_large()

    def keep(self, name: str, files: Files) -> File:
        """Decide by the bytes which file it is, and store it; raises `ContentError`."""
        if self._wrong is not None:
            raise self._wrong
        try:
            if archive.is_archive(self._bytes):
                return self._keep_unpacked(name, files)
        except archive.ArchiveError as error:
            raise ContentError(error.what, error.vi) from None
        return self._keep_plain(name, files)

    def close(self) -> None:
        """Give up the bytes; may be repeated."""
        self._bytes.close()

    def _keep_unpacked(self, name: str, files: Files) -> File:
        with archive.inside(self._bytes, name, self._limits) as wrapped:
            if wrapped is not None:
                with spool() as single:
                    archive.unpack(wrapped, single, self._limits)
                    return self._stored(single, name, files)
        return self._keep_plain(name, files)

    def _keep_plain(self, name: str, files: Files) -> File:
        if self._text.size > self._limits.attachment:
            raise self._too_large()
        return self._stored(self._bytes, name, files)

    def _stored(self, content: BinaryIO, name: str, files: Files) -> File:
        """Store a file. An archive goes on to people who unpack it: it is looked into first."""
        if archive.is_archive(content) and (faults := archive_faults(content)):
            said = "; ".join(faults)
            raise ContentError(f"is an archive that would harm whoever unpacks it: {said}", said)
        content.seek(0)
        kind = media_type(content.read(SNIFFED), name)
        content.seek(0)
        try:
            return files.keep(content, name=name, media_type=kind)
        except RejectedMessageError as error:
            said = "; ".join(map(str, error.problems))
            raise ContentError(f"is not taken by the file store: {said}", said) from None

    def _too_large(self) -> ContentError:
        return ContentError(f"is a file of more than {self._limits.attachment} bytes", "tệp đính kèm quá lớn")
