/**
 * The hash chain of a ledger. Pure, also used offline.
 *
 *   leaf  = SHA-256(0x00 ‖ bytes of the committed record)        (prefixes as in RFC 6962 §2.1: a leaf is never a link)
 *   hash  = SHA-256(0x01 ‖ hash before ‖ leaf)
 *   start = SHA-256("dome-ledger-v1" ‖ 0x00 ‖ name of the ledger)
 *
 * A record that is changed, removed or exchanged changes every hash after it. An attacker who rewrites the whole
 * ledger can rewrite all hashes too. That is detected only by comparison with a head kept elsewhere.
 */
import type { ChainEntry, StoredRecord } from "../contract/audit.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import { equalBytes, sha256Sync } from "../kernel/digest.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { committedBytes, isPersonal } from "./commit.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const LEAF = new Uint8Array([0]);
const LINK = new Uint8Array([1]);

/** The hash before the first record of a ledger. */
export const genesis = (ledger: string): Bytes => sha256Sync(utf8(`dome-ledger-v1\u0000${ledger}`));

export const leafHash = (bytes: Uint8Array): Bytes => sha256Sync(LEAF, bytes);

export const linkHash = (previous: Uint8Array, leaf: Uint8Array): Bytes => sha256Sync(LINK, previous, leaf);

/** The hash of the chain up to and including this record. */
export const nextHash = (previous: Uint8Array, record: StoredRecord, salt: Uint8Array | null): Bytes =>
  linkHash(previous, leafHash(committedBytes(record, salt)));

/** A position in the chain: the number of its last record, and the hash up to it (hex). */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

type ChainFlaw =
  /** Record number `seq` was expected; `found` came. */
  | { readonly kind: "missing"; readonly seq: number; readonly found: number }
  /** The number of this record was already passed. */
  | { readonly kind: "out_of_order"; readonly seq: number; readonly found: number }
  /** The record, or its hash, is not the one in the chain. */
  | { readonly kind: "altered"; readonly seq: number }
  /** Personal data in clear text without its salt, so the record cannot be checked. */
  | { readonly kind: "salt_missing"; readonly seq: number }
  /** The chain does not end at the expected head. */
  | { readonly kind: "other_head"; readonly expected: ChainHead; readonly found: ChainHead };

/**
 * Checks consecutive records of one ledger.
 * @param entries in rising order of `seq`.
 * @param known.after the position before the first record; without it, the start of the ledger.
 * @param known.head the head that the records must reach, kept elsewhere. Without it a truncated end is not
 * detected.
 * @returns the head that the records reach, or the first flaw.
 */
export function verifyChain(
  ledger: string,
  entries: Iterable<ChainEntry>,
  known: { readonly after?: ChainHead | undefined; readonly head?: ChainHead | undefined } = {},
): Result<ChainHead, ChainFlaw> {
  let seq = known.after?.seq ?? 0;
  let hash = known.after === undefined ? genesis(ledger) : fromHex(known.after.hash);
  for (const entry of entries) {
    const expected = seq + 1;
    if (entry.seq > expected) return err({ kind: "missing", seq: expected, found: entry.seq });
    if (entry.seq < expected) return err({ kind: "out_of_order", seq: expected, found: entry.seq });
    const salt = entry.salt === null ? null : fromHex(entry.salt);
    if (salt === null && isPersonal(entry.record)) return err({ kind: "salt_missing", seq: expected });
    const next = nextHash(hash, entry.record, salt);
    if (!equalBytes(next, fromHex(entry.hash))) return err({ kind: "altered", seq: expected });
    seq = expected;
    hash = next;
  }
  const found: ChainHead = { seq, hash: toHex(hash) };
  const { head } = known;
  if (head !== undefined && (head.seq !== seq || head.hash !== found.hash)) {
    return err({ kind: "other_head", expected: head, found });
  }
  return ok(found);
}

function fromHex(hex: string): Bytes {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}
