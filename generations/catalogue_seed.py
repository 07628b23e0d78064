"""What the catalogue begins with: prices and sizes as their makers stated them. They change; look before you spend."""

from __future__ import annotations

from typing import NamedTuple


class Seed(NamedTuple):
    """One row: prices in US dollars per million tokens."""

    mode: str
    work: str
    rank: int
    provider: str
    model: str
    context_tokens: int
    max_output_tokens: int
    prompt_price: str
    completion_price: str
    sees_images: bool = False
    last_round: bool = False


FREE = ("0", "0")
SONNET = ("3", "15")

SEEDS: tuple[Seed, ...] = (
    Seed("testing", "orchestrator", 0, "openrouter", "qwen/qwen2.5-72b-instruct:free", 32_768, 8_192, *FREE),
    Seed("testing", "orchestrator", 1, "openrouter", "meta-llama/llama-3.3-70b-instruct:free", 65_536, 8_192, *FREE),
    Seed("testing", "coder", 0, "openrouter", "qwen/qwen3-coder:free", 262_144, 32_768, *FREE),
    Seed("testing", "coder", 1, "openrouter", "qwen/qwen2.5-72b-instruct:free", 32_768, 8_192, *FREE),
    Seed("testing", "vision", 0, "openrouter", "qwen/qwen2.5-vl-32b-instruct:free", 16_384, 4_096, *FREE,
         sees_images=True),
    Seed("testing", "vision", 1, "openrouter", "qwen/qwen2.5-vl-72b-instruct:free", 32_768, 4_096, *FREE,
         sees_images=True),
    # There is no free model of this kind: its price is shown before the start.
    Seed("testing", "reasoning", 0, "openrouter", "anthropic/claude-sonnet-4.5", 200_000, 16_384, *SONNET,
         sees_images=True, last_round=True),
    Seed("testing", "reasoning", 1, "openrouter", "qwen/qwen3-coder:free", 262_144, 32_768, *FREE),
    Seed("openrouter", "orchestrator", 0, "openrouter", "qwen/qwen-plus-2025-07-28", 1_000_000, 32_768, "0.4", "1.2"),
    Seed("openrouter", "orchestrator", 1, "openrouter", "qwen/qwen-turbo", 1_000_000, 8_192, "0.05", "0.2"),
    Seed("openrouter", "coder", 0, "openrouter", "qwen/qwen3-coder-plus", 128_000, 65_536, "1", "5"),
    Seed("openrouter", "coder", 1, "openrouter", "qwen/qwen3-coder", 262_144, 32_768, "0.22", "0.95"),
    Seed("openrouter", "reasoning", 0, "openrouter", "anthropic/claude-sonnet-4.5", 200_000, 32_768, *SONNET,
         sees_images=True, last_round=True),
    Seed("openrouter", "reasoning", 1, "openrouter", "anthropic/claude-sonnet-4", 200_000, 32_768, *SONNET,
         sees_images=True),
    Seed("openrouter", "vision", 0, "openrouter", "qwen/qwen2.5-vl-72b-instruct", 32_768, 8_192, "0.25", "0.75",
         sees_images=True),
    Seed("openrouter", "vision", 1, "openrouter", "qwen/qwen2.5-vl-32b-instruct", 16_384, 4_096, "0.2", "0.6",
         sees_images=True),
    Seed("individual", "orchestrator", 0, "qwen", "qwen-plus", 1_000_000, 32_768, "0.4", "1.2"),
    Seed("individual", "orchestrator", 1, "qwen", "qwen-turbo", 1_000_000, 8_192, "0.05", "0.2"),
    Seed("individual", "coder", 0, "qwen", "qwen3-coder-plus", 1_000_000, 65_536, "1", "5"),
    Seed("individual", "coder", 1, "qwen", "qwen3-coder-flash", 1_000_000, 65_536, "0.3", "1.5"),
    Seed("individual", "reasoning", 0, "anthropic", "claude-sonnet-4-5", 200_000, 32_768, *SONNET,
         sees_images=True, last_round=True),
    Seed("individual", "reasoning", 1, "qwen", "qwen3-max", 262_144, 32_768, "1.2", "6"),
    Seed("individual", "vision", 0, "qwen", "qwen2.5-vl-72b-instruct", 131_072, 8_192, "2.8", "8.4", sees_images=True),
    Seed("individual", "vision", 1, "qwen", "qwen-vl-plus", 131_072, 8_192, "0.21", "0.63", sees_images=True),
)  # fmt: skip
