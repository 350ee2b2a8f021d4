/**
 * Ids: a prefix that names the kind, `_`, and 26 lower-case ULID characters (Crockford base32 of 48 bits of time
 * and 80 random bits). A prefix keeps an agent id from ever equalling a user id (RFC 9068 §5).
 */
import { decodeTime, ulid } from "ulidx";
import type { Clock } from "./clock.ts";
import type { Random } from "./random.ts";

export const ID_PREFIXES = [
  "agt", // agent
  "wsp", // workspace
  "key", // API key
  "opt", // operator token
  "hlt", // halt
  "dec", // decision
  "evt", // audit record
  "tok", // call token (jti)
  "txn", // transaction
  "req", // request
  "tol", // tool
  "sec", // secret of a tool
  "pol", // pool
  "int", // integration
  "chg", // configuration change
  "idp", // identity provider
  "rct", // actor receipt
  "ctx", // call context, as signed for an upstream (jti)
] as const;

export type IdPrefix = (typeof ID_PREFIXES)[number];
export type Id<P extends IdPrefix> = `${P}_${string}`;

export type AgentId = Id<"agt">;
export type WorkspaceId = Id<"wsp">;
export type KeyId = Id<"key">;
export type OperatorTokenId = Id<"opt">;
export type HaltId = Id<"hlt">;
export type DecisionId = Id<"dec">;
export type TokenId = Id<"tok">;
export type TxnId = Id<"txn">;

const ULID = "[0-7][0-9a-hjkmnp-tv-z]{25}";

/** The random characters of a ULID. */
const RANDOM_CHARS = 16;

/** Makes ids from a clock and a source of randomness. */
export interface IdSource {
  next<P extends IdPrefix>(prefix: P): Id<P>;
}

/** @param clock stamps the id's first 48 bits, in milliseconds. */
export function idSource(clock: Clock, random: Random): IdSource {
  return {
    next: <P extends IdPrefix>(prefix: P): Id<P> => {
      const drawn = random.bytes(2 * RANDOM_CHARS); // one draw: sixteen small ones would cost more
      let used = 0;
      const fraction = (): number => {
        used += 2;
        return (((drawn[used - 2] ?? 0) << 8) | (drawn[used - 1] ?? 0)) / 0x1_0000;
      };
      return `${prefix}_${ulid(clock.now(), fraction).toLowerCase()}`;
    },
  };
}

const CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz";

/**
 * An id that is derived from a digest instead of drawn at random. Its first characters do not encode a time.
 * @param digest of the thing that the id names; the first 16 bytes are used.
 */
export function derivedId<P extends IdPrefix>(prefix: P, digest: Uint8Array): Id<P> {
  let number = digest.slice(0, 16).reduce((so, byte) => (so << 8n) | BigInt(byte), 0n);
  let text = "";
  for (let place = 0; place < 26; place += 1) {
    text = (CROCKFORD[Number(number & 31n)] ?? "") + text;
    number >>= 5n;
  }
  return `${prefix}_${text}`;
}

/** The pattern of the ids of one kind, for schemas. */
export const idPattern = (prefix: IdPrefix): RegExp => new RegExp(`^${prefix}_${ULID}$`);

/** True when `text` has the form of an id of this kind. Whether such a thing exists is not checked. */
export function isId<P extends IdPrefix>(prefix: P, text: string): text is Id<P> {
  return idPattern(prefix).test(text);
}

/** The time in an id, in milliseconds since the epoch. The id must have passed `isId`. */
export const timeOfId = (id: string): number => decodeTime(id.slice(id.indexOf("_") + 1).toUpperCase());
