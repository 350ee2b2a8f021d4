/** The threat model's table of bounds is the code's, and every threat names what shows that it is stopped. */
import { describe, expect, it } from "vitest";
import { MAX_BODY_BYTES } from "../../../src/api/body.ts";
import { MOST_CONTEXT_VALUE } from "../../../src/access/context-headers.ts";
import { MOST_REDACT_PATHS, MOST_REDACT_PATTERNS } from "../../../src/contract/redaction.ts";
import { MOST_LOOKED_AT } from "../../../src/gateway/credential/masked-answer.ts";
import { MOST_REDACTED_BYTES } from "../../../src/gateway/http/redact-answer.ts";
import { MOST_REDACTION_STEPS } from "../../../src/registry/redaction/redactor.ts";
import { MOST_CONTEXT_HEADERS } from "../../../src/contract/upstream.ts";
import { GIVE_UP_MS, HEDGE_MS } from "../../../src/audit/sink.ts";
import { MAX_RECORD_BYTES } from "../../../src/contract/audit.ts";
import { KEYS_COOLDOWN_MS, KEYS_STALE_MS } from "../../../src/identity/key-cache.ts";
import { MOST_PAUSE_MS } from "../../../src/lifecycle/ask-book.ts";
import { MOST_DRAIN_SECONDS } from "../../../src/lifecycle/drain.ts";
import { EFFECTIVE_BOUND_MS } from "../../../src/lifecycle/halt.ts";
import {
  LEASE_TTL_MS,
  MARGIN_MS,
  REFUSAL_KEEP_MS,
  RENEWAL_TIMEOUT_MS,
  STOP_WAIT_MS,
} from "../../../src/lifecycle/lease.ts";
import { MOST_REVOKED_TOKENS } from "../../../src/objects/revoked-tokens.ts";
import { MOST_SCHEMAS_BYTES } from "../../../src/registry/argument-schema.ts";
import { MOST_INSTRUCTIONS, MOST_PATTERN } from "../../../src/registry/pattern-program.ts";
import { MOST_NODES } from "../../../src/registry/schema-compiler.ts";
import { MOST_SCHEMA_BYTES } from "../../../src/registry/schema-text.ts";
import { MOST_OPERATIONS } from "../../../src/registry/openapi/document.ts";
import { MOST_LEVELS } from "../../../src/registry/validate.ts";
import { MOST_PARTS_BYTES } from "../../../src/api/routes/tools-door.ts";
import { LONGEST_MCP_TOOL, LONGEST_MODEL_NAME } from "../../../src/contract/model-name.ts";
import { MOST_DOCUMENT_BYTES } from "../../../src/gateway/http/read-document.ts";
import { MOST_STEPS } from "../../../src/registry/steps.ts";
import { CLAIM_MS, KEEP_MS } from "../../../src/storage/idempotency.ts";
import { MAX_LIFETIME_S } from "../../../src/contract/call-token.ts";
import { PUBLISHED_AHEAD_MS, RECEIPT_KEY_LIFE_MS, TOKEN_KEY_LIFE_MS } from "../../../src/tokens/rotation.ts";
import { FROZEN_LAG_MS, UNSEEN_STEP_MS } from "../lifecycle/simulator/faults.ts";
import { bare, links, read, rowsOf } from "./markdown.ts";

const BOUNDS: Readonly<Record<string, number>> = {
  LEASE_TTL_MS,
  MARGIN_MS,
  STOP_WAIT_MS,
  EFFECTIVE_BOUND_MS,
  MOST_DRAIN_SECONDS,
  REFUSAL_KEEP_MS,
  RENEWAL_TIMEOUT_MS,
  FROZEN_LAG_MS,
  UNSEEN_STEP_MS,
  MAX_LIFETIME_S,
  MOST_CONTEXT_HEADERS,
  MOST_CONTEXT_VALUE,
  MOST_REDACT_PATHS,
  MOST_REDACT_PATTERNS,
  MOST_REDACTED_BYTES,
  MOST_LOOKED_AT,
  MOST_REDACTION_STEPS,
  MOST_REVOKED_TOKENS,
  PUBLISHED_AHEAD_MS,
  TOKEN_KEY_LIFE_MS,
  RECEIPT_KEY_LIFE_MS,
  MOST_STEPS,
  MOST_PATTERN,
  MOST_PAUSE_MS,
  MOST_INSTRUCTIONS,
  MOST_NODES,
  MOST_SCHEMA_BYTES,
  MOST_SCHEMAS_BYTES,
  MOST_LEVELS,
  MOST_DOCUMENT_BYTES,
  MOST_OPERATIONS,
  LONGEST_MODEL_NAME,
  LONGEST_MCP_TOOL,
  MOST_PARTS_BYTES,
  KEYS_COOLDOWN_MS,
  KEYS_STALE_MS,
  HEDGE_MS,
  GIVE_UP_MS,
  CLAIM_MS,
  KEEP_MS,
  MAX_BODY_BYTES,
  MAX_RECORD_BYTES,
};

const page = read("docs/threat-model.md");

describe("the threat model", () => {
  it("states the bounds that the code has", () => {
    const stated = rowsOf(page, "constant", "value", "meaning").map(([name, value]) => [
      bare(name),
      Number(bare(value)),
    ]);
    expect(Object.fromEntries(stated)).toEqual(BOUNDS);
  });

  it("is right that the CPU limit stays within what the proof assumes (P3)", () => {
    const [, limit] = /^cpu_ms = (\d+)$/m.exec(read("wrangler.toml")) ?? [];
    expect(Number(limit)).toBeLessThanOrEqual(FROZEN_LAG_MS);
  });

  it("names a test for each threat that something stops, or says what remains", () => {
    const threats = rowsOf(page, "threat");
    expect(threats.length).toBeGreaterThan(20);
    const bare = threats.filter(
      ([, , , shown = "", remains = ""]) => links(shown).length === 0 && remains === "",
    );
    expect(bare).toEqual([]);
  });

  it("classifies every threat by STRIDE", () => {
    const letters = rowsOf(page, "threat").map(([, kinds]) => kinds);
    expect(letters.filter((kinds = "") => !/^(?:[STRIDE](?:, [STRIDE])*|all)$/.test(kinds))).toEqual([]);
  });
});
