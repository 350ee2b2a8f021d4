/**
 * One transaction as a tree: which caller began it, how tokens descend from each other, and which requests each one
 * made. It is built from the records alone, in any order and however incomplete. A record whose parent is missing
 * is attached to the root, so that none is lost. Pure.
 */
import { z } from "zod";
import { isSelfReported } from "../contract/audit-kinds.ts";
import type { AuditEntry } from "../contract/audit.ts";

export interface TransactionNode {
  /**
   * `token`: one that was exchanged, by its record. `agent`: one that acted without a token of its own (the call
   * carried a user's ID token). `event`: any other record, in most cases a decision.
   */
  readonly kind: "token" | "agent" | "event";
  /** The token's jti, the agent, or the record. */
  readonly id: string;
  /** Null for `agent`, which only groups its events. */
  readonly entry: AuditEntry | null;
  /** Oldest first. */
  readonly children: readonly TransactionNode[];
}

export interface TransactionTree {
  /** The user, or the first agent, for whom all of it was done; null when no record says. */
  readonly root: { readonly kind: "user" | "agent"; readonly id: string } | null;
  readonly children: readonly TransactionNode[];
}

/** The facts of the exchange in a `token.exchanged` record. Records of other versions may lack members. */
const exchangeData = z.object({
  /** Null for an ID token. */
  subject_jti: z.string().nullish(),
  scope: z.string().nullish(),
  scope_before: z.string().nullish(),
  audience: z.string().nullish(),
  audience_before: z.string().nullish(),
  /** Null where the holder only narrowed its own token. */
  basis: z.string().nullish(),
});
type ExchangeData = z.output<typeof exchangeData>;

const credentialData = z.object({ credential: z.string(), credential_id: z.string() });

/** Malformed members are left out with the rest, so that a record is shown whatever it contains. */
export const exchangeOf = (entry: AuditEntry): ExchangeData => exchangeData.safeParse(entry.data).data ?? {};

interface Growing {
  readonly kind: TransactionNode["kind"];
  readonly id: string;
  readonly entry: AuditEntry | null;
  readonly children: Growing[];
}

/** @param entries the records of one transaction. */
export function transactionTree(entries: readonly AuditEntry[]): TransactionTree {
  const ordered = entries.toSorted((a, b) => Date.parse(a.time) - Date.parse(b.time) || a.seq - b.seq);
  const root = rootOf(ordered);
  return { root, children: new Planting(ordered, root?.id).children };
}

/** The user, if any record names one; otherwise the agent at the root of the longest chain. */
function rootOf(ordered: readonly AuditEntry[]): TransactionTree["root"] {
  const user = ordered.find((entry) => entry.user !== undefined)?.user;
  if (user !== undefined) return { kind: "user", id: user.id };
  const chains = ordered.flatMap((entry) => (entry.chain === undefined ? [] : [entry.chain]));
  const longest = chains.toSorted((a, b) => b.length - a.length)[0];
  const agent = longest?.at(-1)?.agent ?? ordered.find((entry) => entry.agent !== undefined)?.agent;
  return agent === undefined ? null : { kind: "agent", id: agent };
}

class Planting {
  readonly children: Growing[] = [];
  readonly #rootId: string | undefined;
  readonly #tokens = new Map<string, Growing>();
  readonly #parents = new Map<Growing, Growing>();
  readonly #agents = new Map<string, Growing>();
  readonly #decisions = new Map<string, Growing>();

  constructor(ordered: readonly AuditEntry[], rootId: string | undefined) {
    this.#rootId = rootId;
    const nodes = ordered.map((entry) => this.#nodeOf(entry));
    // All nodes are collected before any is attached: the record of a parent may come after that of its child.
    for (const node of nodes) this.#hang(node);
  }

  #nodeOf(entry: AuditEntry): Growing {
    const jti = entry.kind === "token.exchanged" ? entry.target?.id : undefined;
    if (jti !== undefined && !this.#tokens.has(jti)) {
      const token: Growing = { kind: "token", id: jti, entry, children: [] };
      this.#tokens.set(jti, token);
      return token;
    }
    const event: Growing = { kind: "event", id: entry.id, entry, children: [] };
    if (entry.kind === "decision" && entry.decision_id !== undefined)
      this.#decisions.set(entry.decision_id, event);
    return event;
  }

  #hang(node: Growing): void {
    const parent = node.entry === null ? undefined : this.#parentOf(node.entry);
    if (parent === undefined || this.#isBelow(parent, node)) {
      this.children.push(node);
      return;
    }
    this.#parents.set(node, parent);
    parent.children.push(node);
  }

  #parentOf(entry: AuditEntry): Growing | undefined {
    if (isSelfReported(entry.kind))
      return this.#decisions.get(entry.decision_id ?? "") ?? this.#caller(entry);
    switch (entry.kind) {
      case "token.exchanged":
      case "token.exchange_refused":
        return this.#tokens.get(exchangeOf(entry).subject_jti ?? "");
      case "token.revoked":
      case "token.withheld":
        return this.#tokens.get(entry.target?.id ?? "");
      case "decision.withheld":
        return this.#decisions.get(entry.decision_id ?? "") ?? this.#caller(entry);
      case "decision":
        return this.#caller(entry);
      default:
        return undefined;
    }
  }

  /** The token used for the request; otherwise the agent, unless that is the root itself. */
  #caller(entry: AuditEntry): Growing | undefined {
    const asked = credentialData.safeParse(entry.data).data;
    const token = asked?.credential === "token" ? this.#tokens.get(asked.credential_id) : undefined;
    if (token !== undefined || entry.agent === undefined || entry.agent === this.#rootId) return token;
    const known = this.#agents.get(entry.agent);
    if (known !== undefined) return known;
    const agent: Growing = { kind: "agent", id: entry.agent, entry: null, children: [] };
    this.#agents.set(entry.agent, agent);
    this.children.push(agent);
    return agent;
  }

  /** Records that name each other as parents would form a cycle that no reader could leave. */
  #isBelow(node: Growing, above: Growing): boolean {
    for (let step: Growing | undefined = node; step !== undefined; step = this.#parents.get(step))
      if (step === above) return true;
    return false;
  }
}
