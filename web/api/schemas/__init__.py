"""Requests and answers of the API, one file a router. Unknown keys are refused."""
