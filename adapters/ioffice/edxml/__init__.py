"""The edXML codec (QCVN 102:2016): the bytes of a package, and the tree and files that are in it.

`read_package` and `write_package` are inverses on everything that a package says. The sheets of
`mappings/ioffice/` begin where this ends: at the tree `Package` in the standard's own spelling.
"""

from adapters.ioffice.edxml.files import NoFiles
from adapters.ioffice.edxml.limits import Limits
from adapters.ioffice.edxml.package import Kind, Package
from adapters.ioffice.edxml.problems import PackageError, PackageNote, PackageProblem
from adapters.ioffice.edxml.read import read_package
from adapters.ioffice.edxml.write import write_package

__all__ = [
    "Kind", "Limits", "NoFiles", "Package", "PackageError", "PackageNote", "PackageProblem", "read_package",
    "write_package",
]  # fmt: skip
