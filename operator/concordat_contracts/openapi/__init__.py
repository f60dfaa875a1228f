"""OpenAPI 3.0 and 3.1 (and 2.0 by conversion): what of it matters to somebody who calls, or is called by, the API."""
