"""What CONTRIBUTING.md says of the tools."""

import re
import tomllib

import yaml

from deployments.environment import ROOT
from tests.conftest import slow_tests


def test_pre_commit_runs_the_tools_of_the_lock_file_and_fetches_nothing() -> None:
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]
    hooks = [hook for repository in repositories for hook in repository["hooks"]]
    assert {(hook["language"], hook["entry"].split("/")[0]) for hook in hooks} == {("system", ".venv")}
    locked = {package["name"] for package in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]}
    tools = {"lint-imports": "import-linter"}
    named = [re.split(r"[/ ]", hook["entry"])[2] for hook in hooks]
    assert [name for name in named if tools.get(name, name) not in locked] == []


def test_no_section_configures_a_tool_that_is_not_installed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    locked = {package["name"] for package in tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]}
    built_in = {"hatch": "hatchling", "importlinter": "import-linter"}
    sections = [built_in.get(name, name) for name in project["tool"]]
    assert [name for name in sections if name not in locked | {"hatchling"}] == []


def test_mypy_reads_every_file_of_the_tests_language() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shared = [path for path in (ROOT / "tests").rglob("*.py") if not path.name.startswith("test_")]
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in shared]
    assert sorted(modules) == sorted(project["tool"]["mypy"]["modules"])


def test_each_slow_test_that_is_left_out_of_quick_exists() -> None:
    gone = [
        name
        for name in slow_tests()
        if f"def {name.partition('::')[2]}(" not in (ROOT / name.partition("::")[0]).read_text(encoding="utf-8")
    ]
    assert gone == []
