import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { userId } from "../../../src/identity/user-id.ts";
import { WORKSPACE } from "./fixture.ts";

/** The same in big numbers: the first 130 bits, five at a time. */
function expected(parts: readonly string[]): string {
  const digest = createHash("sha256").update(JSON.stringify(parts)).digest("hex");
  const bits = BigInt(`0x${digest}`).toString(2).padStart(256, "0").slice(0, 130);
  const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  return `usr_${(bits.match(/.{5}/g) ?? []).map((five) => alphabet[Number.parseInt(five, 2)]).join("")}`;
}

it("is 130 bits of the digest of workspace, issuer, tenant and subject (ID-6)", () => {
  for (const subject of ["a", "b", "ü", "x".repeat(255)]) {
    const id = userId(WORKSPACE, "https://login.example.com", "", subject);
    expect(id).toBe(expected([WORKSPACE, "https://login.example.com", "", subject]));
    expect(id).toMatch(/^usr_[0-9a-z]{26}$/);
  }
});

it("tells parts that run together apart", () => {
  expect(userId(WORKSPACE, "https://a", "b", "c")).not.toBe(userId(WORKSPACE, "https://a", "bc", ""));
  expect(userId(WORKSPACE, 'a","b', "", "c")).not.toBe(userId(WORKSPACE, "a", "b", '","c'));
});
