/** The page on identity providers states the bounds that the code has, and every refusal there is. */
import { expect, it } from "vitest";
import { EGRESS_SIZE_LIMIT_BYTES, EGRESS_TIME_LIMIT_MS } from "../../../src/egress/egress.ts";
import { MAX_ID_TOKEN_LENGTH } from "../../../src/identity/id-token.ts";
import { KEYS_COOLDOWN_MS, KEYS_FRESH_MS, KEYS_STALE_MS } from "../../../src/identity/key-cache.ts";
import type { IdentityRefusal } from "../../../src/identity/provider.ts";
import { MAX_SKEW_S } from "../../../src/identity/verify-id-token.ts";
import { bare, codeSpans, read, rowsOf } from "./markdown.ts";

const page = read("docs/identity-providers.md");

const KINDS: Readonly<Record<IdentityRefusal["kind"], true>> = {
  unknown_issuer: true,
  test_issuer: true,
  audience_not_bound: true,
  azp_not_allowed: true,
  expired: true,
  too_old: true,
  not_yet_valid: true,
  bad_signature: true,
  unknown_key: true,
  ambiguous_key: true,
  wrong_algorithm: true,
  malformed: true,
  missing_claim: true,
  tenant_mismatch: true,
  acr_not_met: true,
  provider_unavailable: true,
};

it("states the bounds that the code has", () => {
  const stated = rowsOf(page, "constant", "value", "meaning").map(([name, value]) => [
    bare(name),
    Number(bare(value)),
  ]);
  expect(Object.fromEntries(stated)).toEqual({
    KEYS_FRESH_MS,
    KEYS_COOLDOWN_MS,
    KEYS_STALE_MS,
    EGRESS_TIME_LIMIT_MS,
    EGRESS_SIZE_LIMIT_BYTES,
    MAX_SKEW_S,
    MAX_ID_TOKEN_LENGTH,
  });
});

it("explains every refusal, and no other", () => {
  const explained = rowsOf(page, "refusal", "when").flatMap(([kinds = ""]) => codeSpans(kinds));
  expect(explained.toSorted()).toEqual(Object.keys(KINDS).toSorted());
});
