"""The one form of an error for programs."""

import json

import pytest

from web.problems import problem


@pytest.mark.parametrize("message", ["Không có.", "\ud800 và \udfff", "\x00\u2028"])
def test_a_problem_is_readable_whatever_is_named_in_it(message: str) -> None:
    answer = problem(409, "stale", message, details={"said": message, "at": object}, citation=None)
    said = json.loads(bytes(answer.body).decode("utf-8"))
    assert (answer.status_code, answer.headers["content-type"]) == (409, "application/problem+json")
    assert (said["type"], said["status"], said["code"], "citation" in said) == (
        "urn:vinhdanh:stale",
        409,
        "stale",
        False,
    )
    assert said["title"] == message.encode("utf-8", "replace").decode()
