"""Which call goes on with what a call was answered, as the page's links say it (OpenAPI 3.1, Link Object).

A program that reads the page, a client generator or a tester, follows a dossier by them, from file to end.
"""

from collections.abc import Mapping
from typing import Any

_SAYS: Mapping[str, str] = {
    "follow": "Theo dõi hồ sơ",
    "replace": "Thay thế hồ sơ, while it is not at its end",
    "withdraw": "Rút hồ sơ, while it is not at its end",
    "hand_in": "Nộp hồ sơ có tệp này",
    "held": "Trang sau của ngày",
}


def _to(operation: str, **parts: Any) -> dict[str, Any]:
    return {"operationId": operation, "description": _SAYS[operation], **parts}


def _of_receipt(*operations: str, where: str = "receipt") -> dict[str, Any]:
    """The calls about the dossier of a receipt in the answer."""
    named = {"reference": f"$response.body#/{where}"}
    return {operation: _to(operation, parameters=named) for operation in operations}


def links(example: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Operation -> the links of its good answer; `example` is the dossier that an uploaded file goes into."""
    file = {"id": "don", "name": "Đơn đề nghị", "file": "$response.body"}
    into = {**example, "documents": [file]}
    day = {"day": "$request.query.day", "after": "$response.body#/next"}
    return {
        "upload": {"hand_in": _to("hand_in", requestBody=into)},
        "hand_in": _of_receipt("follow", "replace", "withdraw"),
        "replace": _of_receipt("follow", "replace", "withdraw"),
        "withdraw": _of_receipt("follow"),
        "held": {"held": _to("held", parameters=day)} | _of_receipt("follow", where="items/0/receipt"),
    }
