/** A verified chain in words: what was found, what that proves, and what it does not prove. */
import type { CallTokenClaims } from "../contract/call-token.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { levelsOf, type Link } from "./chain-rules.ts";

interface ChainHop {
  readonly actor: string;
  /** RFC 3339. */
  readonly at: string;
  readonly scope: string;
  readonly target: string;
  readonly basis: string;
  /** The receipt's id. */
  readonly receipt: string;
  /** The receipt key that signed it. */
  readonly kid: string;
  /** The token that was issued with it. */
  readonly token: string;
}

export interface ChainReport {
  readonly issuer: string;
  /** The user or agent for whom all of them act. */
  readonly subject: string;
  /** The current actor, or the last one. */
  readonly actor: string;
  /** Null for an agent that acts for itself. */
  readonly txn: string | null;
  /**
   * True when every actor has its receipt. Null without the token, because only the token says how many actors
   * there are.
   */
  readonly complete: boolean | null;
  readonly token: {
    readonly jti: string;
    readonly scope: string;
    readonly audience: string;
    readonly expires_at: string;
    /** Null when no time was given. */
    readonly expired: boolean | null;
  } | null;
  /** Oldest first, in the order of the events. */
  readonly hops: readonly ChainHop[];
  /** What was verified, in plain words. */
  readonly statements: readonly string[];
  /** What cannot be verified offline, in plain words. */
  readonly not_checked: readonly string[];
}

/** @param links newest first, already verified as one chain. */
export function reportOn(
  links: readonly Link[],
  token: CallTokenClaims | undefined,
  { issuer, now }: { readonly issuer: string; readonly now?: number | undefined },
): ChainReport {
  const newest = links[0]?.claims;
  const subject = token?.sub ?? newest?.sub ?? "";
  const actor = token?.client_id ?? newest?.act.sub ?? "";
  const complete = token === undefined ? null : links.length === levelsOf(token.act).length;
  const expired = token === undefined || now === undefined ? null : now / 1000 >= token.exp;
  const hops = links
    .map(({ claims, kid }) => ({
      actor: claims.act.sub,
      at: rfc3339(claims.iat * 1000),
      scope: claims.scope,
      target: claims.target,
      basis: claims.basis,
      receipt: claims.jti,
      kid,
      token: claims.origin_jti,
    }))
    .toReversed();
  const shown: ChainReport = {
    issuer,
    subject,
    actor,
    txn: token?.txn ?? newest?.txn ?? null,
    complete,
    token:
      token === undefined
        ? null
        : {
            jti: token.jti,
            scope: token.scope,
            audience: token.aud,
            expires_at: rfc3339(token.exp * 1000),
            expired,
          },
    hops,
    statements: [],
    not_checked: [],
  };
  return { ...shown, statements: statementsOn(shown), not_checked: notChecked(shown) };
}

function statementsOn({ issuer, subject, actor, txn, complete, token, hops }: ChainReport): string[] {
  const said: string[] = [];
  if (token !== null) said.push(`${issuer} issued this token to ${actor}, and the token is unchanged.`);
  if (token?.expired === true)
    said.push(
      `The token expired at ${token.expires_at}: it remains evidence, and Dome no longer accepts it.`,
    );
  if (hops.length === 0) {
    said.push(`${actor} acts for itself: there is no chain.`);
    return said;
  }
  said.push(
    `${issuer} signed ${hops.length === 1 ? "the receipt" : `each of the ${hops.length} receipts`} with a receipt key.`,
    `${hops.map((hop) => hop.actor).join(", then ")} acted for ${subject}${hops.length === 1 ? "" : ", in this order"}.`,
    `All hops belong to one transaction, ${txn ?? "none"}.`,
  );
  if (hops.length > 1)
    said.push(
      "Each receipt has the hash of the receipt before it: no receipt was added, removed, moved or changed.",
      "No hop has a wider scope or target than the hop before it.",
    );
  if (token !== null) said.push("The token has the scope and the audience that its newest receipt granted.");
  if (complete === true) said.push("Every actor that the token names has its receipt.");
  return said;
}

function notChecked({ token, complete }: ChainReport): string[] {
  const open = [
    "Whether the agents and the token are live now: introspect the token (POST /api/v1/auth/introspect).",
  ];
  if (token === null) open.push("Whether later hops followed: only the token lists all actors.");
  if (complete === false) open.push("The oldest actors have no receipt here: only the token names them.");
  return open;
}
