/**
 * The rules between the receipts of a chain, and between them and their token. Each receipt was verified by itself
 * before. These rules detect a hop that was added, removed, moved, widened, or taken from another chain.
 */
import type { ActorReceipt } from "../contract/actor-receipt.ts";
import { narrowsAudience } from "../contract/audience.ts";
import type { Act, CallTokenClaims } from "../contract/call-token.ts";
import { narrows, parseScope } from "../contract/scope.ts";
import { receiptHash } from "./receipt.ts";

export type ChainFaultKind =
  | "nothing_given"
  | "wrong_issuer"
  | "token_refused"
  | "receipt_refused"
  | "receipts_differ"
  | "wrong_count"
  | "wrong_link"
  | "wrong_actor"
  | "wrong_subject"
  | "wrong_transaction"
  | "wrong_origin"
  | "scope_widened"
  | "target_widened"
  | "time_reversed";

export interface ChainFault {
  readonly kind: ChainFaultKind;
  /** The receipt, counted from the newest, 0; null: the token, or all of them together. */
  readonly index: number | null;
  readonly detail: string;
}

/** A verified receipt with its text: the hash covers the text as sent. */
export interface Link {
  readonly text: string;
  readonly claims: ActorReceipt;
  readonly kid: string;
}
type Check = (
  links: readonly Link[],
  token: CallTokenClaims | undefined,
  issuer: string,
) => ChainFault | undefined;

/**
 * Each hop has the time of another machine. The hashes prove the order; this tolerance is for times that contradict
 * it.
 */
const MAX_CLOCK_DIFFERENCE_S = 60;

/** The first broken rule. `links` are newest first. */
export function brokenRule(
  links: readonly Link[],
  token: CallTokenClaims | undefined,
  issuer: string,
): ChainFault | undefined {
  for (const check of CHECKS) {
    const fault = check(links, token, issuer);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const checkCount: Check = (links, token) => {
  if (token === undefined) return undefined;
  const depth = levelsOf(token.act).length;
  const enough = token.actor_receipts_complete === true ? links.length === depth : links.length <= depth;
  if (enough && (links.length > 0 || depth === 0)) return undefined;
  return {
    kind: "wrong_count",
    index: null,
    detail: `the token names ${count(depth, "actor")} and has ${count(links.length, "receipt")}`,
  };
};

const checkLinks: Check = (links) => {
  for (const [index, { claims }] of links.entries()) {
    const older = links[index + 1];
    if (older === undefined && claims.prh !== undefined)
      return at("wrong_link", index, "it names an older receipt, and there is none");
    if (older !== undefined && claims.prh !== receiptHash(older.text))
      return at("wrong_link", index, "its prh is not the hash of the next-older receipt");
  }
  return undefined;
};

const checkActors: Check = (links, token, issuer) => {
  const levels = levelsOf(token?.act);
  const seen = new Set<string>();
  for (const [index, { claims }] of links.entries()) {
    const { act, sub } = claims;
    if (act.iss !== issuer) return at("wrong_actor", index, `its actor is said to be one of ${act.iss}`);
    if (act.sub === sub || seen.has(act.sub))
      return at("wrong_actor", index, `${act.sub} stands in the chain twice`);
    seen.add(act.sub);
    if (token === undefined) continue;
    const level = levels[index];
    const same = level?.sub === act.sub && level.iss === act.iss && level.sub_profile === act.sub_profile;
    if (!same)
      return at(
        "wrong_actor",
        index,
        `it is about ${act.sub}, and act names ${level?.sub ?? "nobody"} there`,
      );
  }
  return undefined;
};

const checkSubject: Check = (links, token) => {
  const subject = token?.sub ?? links[0]?.claims.sub;
  const index = links.findIndex(({ claims }) => claims.sub !== subject);
  return index < 0
    ? undefined
    : at("wrong_subject", index, `it is about another subject than ${String(subject)}`);
};

const checkTransaction: Check = (links, token) => {
  const txn = token === undefined ? links[0]?.claims.txn : token.txn;
  const index = links.findIndex(({ claims }) => claims.txn !== txn);
  return index < 0
    ? undefined
    : at("wrong_transaction", index, `it is of another transaction than ${txn ?? "none"}`);
};

/** Each receipt was issued with a token: the newest with this one, older ones with its ancestors, in order. */
const checkOrigins: Check = (links, token) => {
  if (token === undefined) {
    const origins = links.map(({ claims }) => claims.origin_jti);
    const index = origins.findIndex((origin, place) => origins.indexOf(origin) !== place);
    return index < 0 ? undefined : at("wrong_origin", index, "two receipts are of one token");
  }
  let place = token.dome.path.length;
  for (const [index, { claims }] of links.entries()) {
    if (index === 0 && claims.origin_jti !== token.jti)
      return at("wrong_origin", index, `it was issued with ${claims.origin_jti}, not with this token`);
    const found = token.dome.path.indexOf(claims.origin_jti);
    if (found < 0 || found >= place)
      return at("wrong_origin", index, `${claims.origin_jti} does not stand in the token's path there`);
    place = found;
  }
  return undefined;
};

const checkScopes: Check = (links, token) => {
  if (token !== undefined && links[0] !== undefined && links[0].claims.scope !== token.scope)
    return at("scope_widened", 0, `it granted ${links[0].claims.scope}, and the token says ${token.scope}`);
  return between(links, (newer, older) => {
    const [child, parent] = [parseScope(newer.scope), parseScope(older.scope)];
    return child.ok && parent.ok && narrows(child.value, parent.value)
      ? undefined
      : ["scope_widened", `it granted ${newer.scope}, and before it there was ${older.scope}`];
  });
};

/** A hop keeps the target, or narrows it from the whole service to one door. */
const checkTargets: Check = (links, token, issuer) => {
  if (token !== undefined && links[0] !== undefined && links[0].claims.target !== token.aud)
    return at("target_widened", 0, `it is for ${links[0].claims.target}, and the token for ${token.aud}`);
  return between(links, (newer, older) =>
    narrowsAudience(newer.target, older.target, issuer)
      ? undefined
      : ["target_widened", `it is for ${newer.target}, and before it there was ${older.target}`],
  );
};

const checkTimes: Check = (links, token) => {
  const late = (newer: number, older: number): boolean => newer + MAX_CLOCK_DIFFERENCE_S < older;
  if (token !== undefined && links[0] !== undefined && late(token.iat, links[0].claims.iat))
    return at("time_reversed", 0, "it is younger than the token that it was issued with");
  return between(links, (newer, older) =>
    late(newer.iat, older.iat) ? ["time_reversed", "it is older than the receipt that it names"] : undefined,
  );
};

/** Signatures and issuer were checked before. The schema of the claims ensures that `dome.chain` matches `act`. */
const CHECKS: readonly Check[] = [
  checkCount,
  checkTransaction,
  checkSubject,
  checkLinks,
  checkActors,
  checkOrigins,
  checkScopes,
  checkTargets,
  checkTimes,
];

function between(
  links: readonly Link[],
  rule: (newer: ActorReceipt, older: ActorReceipt) => readonly [ChainFaultKind, string] | undefined,
): ChainFault | undefined {
  for (const [index, { claims }] of links.entries()) {
    const older = links[index + 1];
    const broken = older === undefined ? undefined : rule(claims, older.claims);
    if (broken !== undefined) return at(broken[0], index, broken[1]);
  }
  return undefined;
}

const at = (kind: ChainFaultKind, index: number, detail: string): ChainFault => ({ kind, index, detail });
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

/** The levels of `act`, from the current actor inwards. */
export function levelsOf(act: Act | undefined): readonly Act[] {
  const levels: Act[] = [];
  for (let level = act; level !== undefined; level = level.act) levels.push(level);
  return levels;
}
