"""WHAT the data mean: canonical structs, sheets, rules, the engine. Pure."""
