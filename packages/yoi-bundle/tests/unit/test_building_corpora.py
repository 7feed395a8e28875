"""Configuration that other people wrote, built leniently: how much of it must arrive at least."""

import json

import pytest

from support.bundles.corpora import corpus_path
from support.bundles.source_trees import WordScanner
from yoi_bundle.authoring.build import BuildResult, build_bundle
from yoi_bundle.authoring.source.classify import Kind, classify_files
from yoi_bundle.authoring.source.tree import SourceTree
from yoi_bundle.authoring.source.walk import walk_directory
from yoi_bundle.identifiers import encode_path

EFFECTS = {"allow", "ask", "deny"}

pytestmark = pytest.mark.req("B-14")


def build_corpus(name: str) -> tuple[SourceTree, BuildResult]:
    tree = walk_directory(corpus_path(name))
    result = build_bundle(tree, scanner=WordScanner(), lenient=True)
    assert result.bundle is not None
    left_out = [one.file for one in result.files.left_out]
    assert result.files.read + len(left_out) == len(tree.files) + len(tree.left_out)
    assert set(left_out) <= {one.file for one in result.diagnostics}
    assert all(one.file and one.rule and one.message and one.remedy for one in result.diagnostics)
    return tree, result


def test_the_large_clean_corpus_arrives() -> None:
    _, result = build_corpus("wshobson-agents")
    assert result.counts["profiles"] >= 199
    assert result.counts["workflows"] >= 100
    assert result.counts["skills"] >= 175


def test_the_dirty_corpus_arrives_and_each_of_its_server_files_is_a_tool_or_has_a_line() -> None:
    tree, result = build_corpus("davila7-templates")
    assert result.bundle is not None
    assert result.counts["profiles"] >= 415
    manifest = result.bundle.verified.manifest
    origins = {item.origin.path for item in manifest.tools.values() if item.origin is not None}
    policies = {item.origin.path for item in manifest.policies.values() if item.origin is not None}
    reported = {one.file for one in result.diagnostics if one.severity == "error"}
    kinds = classify_files(tree.files)
    servers = [one.file.path for one in kinds if one.kind is Kind.MCP_SERVERS]
    settings = [one.file for one in kinds if one.kind is Kind.CLAUDE_SETTINGS]
    ruling = [file.path for file in settings if json.loads(file.data)["permissions"].keys() & EFFECTS]
    assert len(servers) == 100
    assert [path for path in servers if encode_path(path) not in origins and path not in reported] == []
    assert len(ruling) == 6
    assert [path for path in ruling if encode_path(path) not in policies] == []


def test_the_corpus_of_another_dialect_arrives() -> None:
    _, result = build_corpus("awesome-copilot")
    assert result.counts["profiles"] >= 220
    assert result.counts["prompts"] >= 189
    assert result.counts["skills"] >= 395
