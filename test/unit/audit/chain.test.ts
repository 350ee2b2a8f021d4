import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  genesis,
  leafHash,
  linkHash,
  nextHash,
  verifyChain,
  type ChainHead,
} from "../../../src/audit/chain.ts";
import { erase } from "../../../src/audit/commit.ts";
import type { ChainEntry } from "../../../src/contract/audit.ts";
import { toHex, utf8 } from "../../../src/kernel/bytes.ts";
import { PERSONAL, sampleRecord } from "../../support/audit-sample.ts";

const LEDGER = "wsp_00000000000000000000000001";
const salt = (i: number): Uint8Array => new Uint8Array(32).fill(i);

/** A ledger of `length` records, every third with personal data. */
function ledger(length: number): { readonly entries: readonly ChainEntry[]; readonly head: ChainHead } {
  let hash = genesis(LEDGER);
  const entries: ChainEntry[] = [];
  for (let seq = 1; seq <= length; seq += 1) {
    const personal = seq % 3 === 0;
    const record = sampleRecord(seq, personal ? PERSONAL : {});
    hash = nextHash(hash, record, personal ? salt(seq) : null);
    entries.push({ seq, record, salt: personal ? toHex(salt(seq)) : null, hash: toHex(hash) });
  }
  return { entries, head: { seq: length, hash: toHex(hash) } };
}

const lengths = fc.integer({ min: 2, max: 12 });
const place = (max: number) => fc.integer({ min: 0, max });

describe("the hash chain", () => {
  it("has the leaf prefix of RFC 6962 §2.1", () => {
    expect(toHex(leafHash(utf8("")))).toBe(
      "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    );
  });

  it("starts from the ledger's name, so that one ledger cannot stand in for another", () => {
    // printf 'dome-ledger-v1\0org' | sha256sum
    expect(toHex(genesis("org"))).toBe("0377bd50bea21b1c140a34fd0517064daf83d780ede335488011da4566addc61");
    expect(genesis(LEDGER)).not.toEqual(genesis("org"));
  });

  it("never reads a link as a leaf", () => {
    const [a, b] = [genesis("a"), genesis("b")];
    expect(linkHash(a, b)).not.toEqual(leafHash(new Uint8Array([...a, ...b])));
  });

  it("verifies an untouched ledger and gives its head", () => {
    const { entries, head } = ledger(5);
    expect(verifyChain(LEDGER, entries)).toEqual({ ok: true, value: head });
    expect(verifyChain(LEDGER, [])).toEqual({ ok: true, value: { seq: 0, hash: toHex(genesis(LEDGER)) } });
  });

  it("verifies a part of a ledger from a known place to a known head", () => {
    const { entries, head } = ledger(6);
    const after: ChainHead = { seq: 2, hash: entries[1]?.hash ?? "" };
    expect(verifyChain(LEDGER, entries.slice(2), { after, head })).toEqual({ ok: true, value: head });
  });

  it("verifies after people were erased (P8)", () => {
    const { entries, head } = ledger(6);
    const erased = entries.map((entry) => ({
      ...entry,
      record: erase(entry.record, entry.salt === null ? null : salt(entry.seq)),
      salt: null,
    }));
    expect(verifyChain(LEDGER, erased)).toEqual({ ok: true, value: head });
  });

  it("detects any altered record (P8)", () => {
    fc.assert(
      fc.property(
        lengths,
        place(11),
        fc.constantFrom("reason", "kind", "time", "agent"),
        (length, at, member) => {
          const { entries } = ledger(length);
          const index = at % length;
          const altered = entries.map((entry, i) =>
            i === index ? { ...entry, record: { ...entry.record, [member]: "other" } } : entry,
          );
          expect(verifyChain(LEDGER, altered)).toEqual({
            ok: false,
            error: { kind: "altered", seq: index + 1 },
          });
        },
      ),
    );
  });

  it("detects altered personal data, and a digest put in the place of another (P8)", () => {
    const { entries } = ledger(3);
    const last = entries[2];
    if (last === undefined) throw new Error("no entry");
    const forged = {
      ...last,
      record: { ...last.record, ...PERSONAL, user: { id: "usr_1", email: "eve@example.com" } },
    };
    expect(verifyChain(LEDGER, entries.with(2, forged))).toMatchObject({
      error: { kind: "altered", seq: 3 },
    });
    const blank = {
      ...last,
      record: { ...last.record, user: { id: "usr_1", email: { sha256: "0".repeat(64) } } },
    };
    expect(verifyChain(LEDGER, entries.with(2, blank))).toMatchObject({ error: { kind: "altered", seq: 3 } });
  });

  it("detects any removed record (P8)", () => {
    fc.assert(
      fc.property(lengths, place(11), (length, at) => {
        const { entries, head } = ledger(length);
        const index = at % length;
        expect(verifyChain(LEDGER, entries.toSpliced(index, 1), { head })).toMatchObject({
          ok: false,
          error:
            index === length - 1
              ? { kind: "other_head", expected: head, found: { seq: length - 1 } }
              : { kind: "missing", seq: index + 1, found: index + 2 },
        });
      }),
    );
  });

  it("detects a removal that is hidden by new numbers (P8)", () => {
    fc.assert(
      fc.property(lengths, place(11), (length, at) => {
        const index = at % (length - 1);
        const renumbered = ledger(length)
          .entries.toSpliced(index, 1)
          .map((entry, i) => ({ ...entry, seq: i + 1 }));
        expect(verifyChain(LEDGER, renumbered)).toEqual({
          ok: false,
          error: { kind: "altered", seq: index + 1 },
        });
      }),
    );
  });

  it("detects two exchanged records, with and without exchanged numbers (P8)", () => {
    fc.assert(
      fc.property(lengths, place(11), place(11), fc.boolean(), (length, a, b, renumber) => {
        const [first, second] = [Math.min(a % length, b % length), Math.max(a % length, b % length)];
        fc.pre(first !== second);
        const { entries } = ledger(length);
        const [x, y] = [entries[first], entries[second]];
        if (x === undefined || y === undefined) throw new Error("no entry");
        const swapped = entries.with(first, y).with(second, x);
        const shown = renumber ? swapped.map((entry, i) => ({ ...entry, seq: i + 1 })) : swapped;
        expect(verifyChain(LEDGER, shown)).toEqual({
          ok: false,
          error: renumber
            ? { kind: "altered", seq: first + 1 }
            : { kind: "missing", seq: first + 1, found: second + 1 },
        });
      }),
    );
  });

  it("refuses a record that is shown twice", () => {
    const { entries } = ledger(3);
    expect(verifyChain(LEDGER, [...entries, ...entries])).toEqual({
      ok: false,
      error: { kind: "out_of_order", seq: 4, found: 1 },
    });
  });

  it("sees a ledger that was rewritten as a whole only by a head kept elsewhere", () => {
    const { head } = ledger(4);
    const other = ledger(5)
      .entries.slice(0, 4)
      .map((entry) => ({ ...entry, record: { ...entry.record, reason: "other" } }));
    let hash = genesis(LEDGER);
    const rewritten = other.map((entry) => {
      hash = nextHash(hash, entry.record, entry.salt === null ? null : salt(entry.seq));
      return { ...entry, hash: toHex(hash) };
    });
    expect(verifyChain(LEDGER, rewritten).ok).toBe(true);
    expect(verifyChain(LEDGER, rewritten, { head })).toMatchObject({ error: { kind: "other_head" } });
  });

  it("says so when personal data came without its salt", () => {
    const { entries } = ledger(3);
    const bare = entries.map((entry) => ({ ...entry, salt: null }));
    expect(verifyChain(LEDGER, bare)).toEqual({ ok: false, error: { kind: "salt_missing", seq: 3 } });
  });
});
