import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { userIdOf } from "../../../src/contract/user-id.ts";

const HOME = "wsp_01k9v3m8q2x7n5r4t6w0y1z2a3";
const ISSUER = "https://login.example.com";

/** The first 130 bits of a digest, five at a time, said in another way. */
function expected(parts: readonly string[]): string {
  const bits = [...createHash("sha256").update(JSON.stringify(parts)).digest()]
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("");
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  const text = Array.from(
    { length: 26 },
    (_, at) => letters[Number.parseInt(bits.slice(5 * at, 5 * at + 5), 2)],
  );
  return `usr_${text.join("")}`;
}

test("is a digest of workspace, issuer, tenant and subject in base32", () => {
  expect(userIdOf(HOME, ISSUER, "t1", "ada")).toBe(expected([HOME, ISSUER, "t1", "ada"]));
  expect(userIdOf(HOME, ISSUER, "t1", "ada")).toMatch(/^usr_[a-z2-7]{26}$/);
});

test("takes no tenant for an empty one", () => {
  for (const tenant of [null, undefined, ""])
    expect(userIdOf(HOME, ISSUER, tenant, "ada")).toBe(expected([HOME, ISSUER, "", "ada"]));
});

test("keeps apart what differs in any part, also where the parts run together", () => {
  const all = [
    userIdOf(HOME, ISSUER, "", "ada"),
    userIdOf("wsp_other", ISSUER, "", "ada"),
    userIdOf(HOME, `${ISSUER}/`, "", "ada"),
    userIdOf(HOME, ISSUER, "ada", ""),
    userIdOf(HOME, ISSUER, "a", "da"),
    userIdOf(HOME, ISSUER, "", "Ada"),
  ];
  expect(new Set(all).size).toBe(all.length);
});
