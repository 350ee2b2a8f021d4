import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonical } from "../../../src/kernel/canonical.ts";
import { committed, committedBytes, erase, isPersonal } from "../../../src/audit/commit.ts";
import { PERSONAL_MEMBERS, storedRecord } from "../../../src/contract/audit.ts";
import { fromUtf8, toHex, utf8 } from "../../../src/kernel/bytes.ts";
import { sha256Sync } from "../../../src/kernel/digest.ts";
import { PERSONAL, sampleId, sampleRecord } from "../../support/audit-sample.ts";

const SALT = new Uint8Array(32).fill(7);

describe("the committed form of a record", () => {
  it("replaces each personal member by the digest of salt, path and value, and nothing else", () => {
    const record = sampleRecord(1, PERSONAL);
    const digest = (path: string, value: string): string =>
      toHex(sha256Sync(SALT, utf8(path), new Uint8Array([0]), utf8(value)));
    expect(committed(record, SALT)).toEqual({
      ...record,
      operator: {
        subject: { sha256: digest("operator.subject", "ada@example.com") },
        token: sampleId("opt", 1),
      },
      user: {
        id: "usr_abcdefghijklmnopqrstuvwxyz",
        subject: { sha256: digest("user.subject", "grace") },
        email: { sha256: digest("user.email", "grace@example.com") },
        groups: { sha256: digest("user.groups", '["billing","on-call"]') },
      },
      request: {
        method: "POST",
        ip: { sha256: digest("request.ip", "192.0.2.7") },
        country: "DE",
        user_agent: { sha256: digest("request.user_agent", "curl/8.5") },
      },
    });
  });

  it("is the record itself where nothing is personal, and needs no salt", () => {
    const record = sampleRecord(1);
    expect(isPersonal(record)).toBe(false);
    expect(committed(record, null)).toBe(record);
  });

  it("refuses to commit personal data without a salt: a bare digest could be guessed", () => {
    expect(isPersonal(sampleRecord(1, PERSONAL))).toBe(true);
    expect(() => committed(sampleRecord(1, PERSONAL), null)).toThrow("without a salt");
  });

  it("gives the same value another digest under another salt and at another path", () => {
    const record = sampleRecord(1, { request: { ip: "same", user_agent: "same" } });
    const { request } = committed(record, SALT);
    expect(request?.ip).not.toEqual(request?.user_agent);
    expect(committed(record, new Uint8Array(32)).request?.ip).not.toEqual(request?.ip);
  });

  it("covers every member that the contract calls personal", () => {
    const form: unknown = committed(sampleRecord(1, PERSONAL), SALT);
    for (const path of PERSONAL_MEMBERS) {
      expect(form).toHaveProperty(path, { sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    }
  });

  it("is in version 2 what it was in version 1 for a record of that time, so that old exports verify", () => {
    const { groups: _groups, ...user } = PERSONAL.user ?? { id: "" };
    const old = sampleRecord(1, { ...PERSONAL, user });
    expect(toHex(sha256Sync(committedBytes(old, SALT)))).toBe(
      "bcee83601ce83183020a482b8388bc0c4e4c8026854a07308fdab16551c078cb",
    );
  });

  it("does not change the record it is made of", () => {
    const record = sampleRecord(1, PERSONAL);
    const before = canonical(record);
    committed(record, SALT);
    expect(canonical(record)).toBe(before);
  });

  it("keeps the bytes that were hashed when the person is erased and the salt is gone", () => {
    const personal = fc.record(
      {
        operator: fc.record({ subject: fc.string({ minLength: 1 }), token: fc.constant(sampleId("opt", 2)) }),
        user: fc.record(
          {
            id: fc.constant("usr_1"),
            email: fc.string({ minLength: 1 }),
            groups: fc.array(fc.string({ maxLength: 20 }), { maxLength: 5 }),
          },
          { requiredKeys: ["id"] },
        ),
        request: fc.record(
          { ip: fc.string({ minLength: 1 }), user_agent: fc.string({ minLength: 1 }) },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(personal, fc.uint8Array({ minLength: 32, maxLength: 32 }), (members, salt) => {
        const record = sampleRecord(1, members);
        const erased = erase(record, salt);
        expect(isPersonal(erased)).toBe(false);
        expect(storedRecord.safeParse(erased).success).toBe(true);
        expect(committedBytes(erased, null)).toEqual(committedBytes(record, salt));
        expect(erase(erased, null)).toEqual(erased);
      }),
    );
  });

  it("leaves nothing of the person in an erased record", () => {
    const text = fromUtf8(committedBytes(erase(sampleRecord(1, PERSONAL), SALT), null));
    const people = ["ada@example.com", "grace@example.com", "billing", "on-call", "192.0.2.7", "curl/8.5"];
    for (const personal of people) {
      expect(text).not.toContain(personal);
    }
  });
});
