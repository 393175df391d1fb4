"""Sheets of the insurance authority (BHXH): what stands inside its SOAP strings. The contract is ours [I]."""
