"""Weighs all files of a dossier that an agency hands in, together with those it has already. Pure."""

from collections.abc import Iterable, Iterator

from adapters.agency.parts import parts_of
from adapters.agency.problems import Wrong, shown
from mappings.dossier import Dossier, File


def too_heavy(dossier: Dossier, held: Iterable[File], limit: int) -> Iterator[Wrong]:
    """Each file from which on a dossier has more than `limit` bytes of files; 0: as many as come.

    `held` are the files that the dossier has so far. A content that stands twice counts once, and nothing is
    refused that the dossier has anyway, also where the limit was lowered meanwhile.
    """
    sizes = {file.hash: file.size for file in held}
    total = sum(sizes.values())
    for path, file in parts_of(File, dossier):
        if file.hash in sizes:
            continue
        sizes[file.hash] = file.size
        total += file.size
        if 0 < limit < total:
            what = f"các tệp của hồ sơ đến đây đã là {total} byte, vượt quá {limit} byte cho phép"
            fix = f"Bỏ bớt hoặc nén nhỏ các tệp: tất cả tệp của một hồ sơ được tối đa {limit} byte"
            yield Wrong(path=path, what=what, fix=fix, rule="dossier limit", value=shown(file.size))
