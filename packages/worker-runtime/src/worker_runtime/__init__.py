"""Hosts LLM Workers: stores config bundles, resolves them under host policy, explains every decision."""
