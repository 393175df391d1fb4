"""The files of results as an agency that may see them gets them: under signed links that end."""

from dataclasses import dataclass

from adapters.agency.answers import ResultFile
from bus.desk import Standing
from bus.files import FileStore
from bus.links import Links
from mappings.dossier import Result

AT_ONE_STOP = "Kết quả lưu tại bộ phận một cửa: nhận ở nơi tiếp nhận hồ sơ"


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """The results of one dossier. A link is the one that every peer gets of this file (decision 17)."""

    store: FileStore
    links: Links | None
    standing: Standing

    def of(self, result: Result) -> ResultFile | None:
        """Where a result's file is to be had; None where it has none, or it was withdrawn.

        One that has no file with us lies where its system put it: that address is of the province's own
        network and for systems that may read there, so it is not told.
        """
        file, links = result.file, self.links
        if file is None:
            return ResultFile(lies_at="onestop", text=AT_ONE_STOP) if result.url else None
        if links is None or file.hash not in self.store:
            return None
        until = links.until(self.standing.began.timestamp(), self.standing.asked.timestamp())
        url = links.url(file, until)
        if self.store.withdrawn(file.hash, links.read(url.removeprefix(f"{links.base}/")).mark):
            return None
        return ResultFile(
            lies_at="lienthong",
            url=url,
            until=until,
            sha256=file.hash,
            size=file.size,
            media_type=file.media_type,
            name=file.name,
        )
