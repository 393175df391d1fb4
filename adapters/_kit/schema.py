"""Checks a tree against a JSON schema and says every problem without saying a value: values are citizens'."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec

Check = Callable[[Any], tuple[str, ...]]
"""Gives the problems of a tree, each as "path: what is wrong"; none where it is right."""


def read_schema(path: Path) -> dict[str, Any]:
    """Read a schema file that is shipped with the connector."""
    return msgspec.json.decode(path.read_bytes(), type=dict[str, Any])


def checker(schema: Mapping[str, Any]) -> Check:
    """Compile a schema into a check; safe for many threads."""
    validator = jsonschema_rs.validator_for(dict(schema), validate_formats=True)

    def check(tree: Any) -> tuple[str, ...]:
        if validator.is_valid(tree):
            return ()
        return tuple(_problem(error) for error in validator.iter_errors(tree))

    return check


def _problem(error: jsonschema_rs.ValidationError) -> str:
    facts = error.kind.as_dict()
    steps = [str(step) for step in error.instance_path]
    if error.kind.name == "required":
        return f"{'/'.join([*steps, str(facts['property'])])}: is missing"
    path = "/".join(steps) or "the message"
    return f"{path}: {_what(error.kind.name, facts)}"


def _what(kind: str, facts: Mapping[str, Any]) -> str:
    limit = facts.get("limit")
    said = {
        "maxLength": f"is longer than {limit} characters",
        "minLength": "is empty" if limit == 1 else f"is shorter than {limit} characters",
        "minItems": "is empty" if limit == 1 else f"has fewer than {limit} items",
        "pattern": f"has not the form {facts.get('pattern')}",
        "enum": f"is none of {facts.get('options')}",
        "type": f"must be {_types(facts)}",
        "additionalProperties": f"has unknown fields: {facts.get('unexpected')}",
    }
    return said.get(kind, f"breaks the rule {kind}")


def _types(facts: Mapping[str, Any]) -> str:
    types = facts.get("types", facts.get("type", ""))
    return " or ".join(map(str, types)) if isinstance(types, (list, tuple)) else str(types)
