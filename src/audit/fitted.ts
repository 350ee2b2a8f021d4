/**
 * Makes any draft fit the schema by which a ledger reads it. A draft that cannot be recorded would mean an act
 * without a record, or would stop the act (P8). So a value that a caller can make long is not refused here: it is
 * cut, and the record says so.
 */
import {
  MAX_RECORD_BYTES,
  MOST_GROUPS_TEXT,
  RECORD_LISTS,
  RECORD_TEXTS as MOST,
  type AuditDraft,
} from "../contract/audit.ts";
import { utf8 } from "../kernel/bytes.ts";
import { withoutGroups } from "./named-user.ts";

/** Space for the producer and number, which are added later. */
const NUMBER_BYTES = 512;
const MARK = "… [cut]";
const PLAIN_TEXTS = [
  "action",
  "arguments_digest",
  "reason",
  "layer",
  "detail",
  "bundle_version",
  "txn",
  "request_id",
  "outcome",
] as const;
const USER_TEXTS = ["issuer", "subject", "email"] as const;
const REQUEST_TEXTS = ["method", "ip", "country", "user_agent"] as const;
/**
 * In the order in which they are dropped when a record is too large. Members that a digest still represents are
 * first.
 */
const FREE_MEMBERS = ["arguments", "data", "change", "policies", "detail"] as const;

export const fitted = (draft: AuditDraft): AuditDraft =>
  fitsGroups(draft.user?.groups)
    ? withinSize(withinLengths(draft), [])
    : withinSize(withinLengths({ ...draft, user: withoutGroups(draft.user) }), ["user.groups"]);

function withinLengths(draft: AuditDraft): AuditDraft {
  const fit = { ...draft };
  const { operator, chain, user, target, policies, request, latency_ms: latency } = fit;
  for (const member of PLAIN_TEXTS) {
    const text = fit[member];
    if (text !== undefined) fit[member] = cut(text, MOST[member]);
  }
  if (operator !== undefined) {
    const { subject, token } = operator;
    fit.operator = {
      subject: cut(subject, MOST["operator.subject"]),
      token: cut(token, MOST["operator.token"]),
    };
  }
  if (chain !== undefined) fit.chain = shortChain(chain);
  if (user !== undefined) {
    fit.user = { ...user, id: cut(user.id, MOST["user.id"]) };
    for (const member of USER_TEXTS) {
      const text = user[member];
      if (text !== undefined) fit.user[member] = cut(text, MOST[`user.${member}`]);
    }
  }
  if (target !== undefined) {
    fit.target = { type: cut(target.type, MOST["target.type"]), id: cut(target.id, MOST["target.id"]) };
  }
  if (policies !== undefined) {
    fit.policies = policies.slice(0, RECORD_LISTS.policies).map((policy) => cut(policy, MOST.policies));
  }
  if (request !== undefined) {
    fit.request = { ...request };
    for (const member of REQUEST_TEXTS) {
      const text = request[member];
      if (text !== undefined) fit.request[member] = cut(text, MOST[`request.${member}`]);
    }
  }
  // A clock that was set back gives a negative duration, which is none.
  if (latency !== undefined && !(latency >= 0 && latency < Infinity)) delete fit.latency_ms;
  return fit;
}

const fitsGroups = (groups: readonly string[] = []): boolean =>
  groups.length <= RECORD_LISTS.groups &&
  groups.every((group) => group.length <= MOST["user.groups"]) &&
  groups.join("").length <= MOST_GROUPS_TEXT;

function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const room = most - MARK.length;
  // A cut must not leave half of a character at the end.
  return room <= 0 ? text.slice(0, most) : text.slice(0, room).replace(/[\uD800-\uDBFF]$/, "") + MARK;
}

type Chain = NonNullable<AuditDraft["chain"]>;

/** Drops the middle of a chain that is too long. The first is the current actor, and the last is the one that began. */
function shortChain(chain: Chain): Chain {
  const kept =
    chain.length <= RECORD_LISTS.chain
      ? chain
      : [...chain.slice(0, RECORD_LISTS.chain - 1), ...chain.slice(-1)];
  return kept.map((link) => ({ ...link, key: cut(link.key, MOST["chain.key"]) }));
}

/**
 * A draft above `MAX_RECORD_BYTES` loses free members until it fits; `data.omitted` names them.
 * @param lost the members that it has lost before.
 */
function withinSize(draft: AuditDraft, lost: readonly string[]): AuditDraft {
  const marked = lost.length === 0 ? draft : { ...draft, data: { ...draft.data, omitted: lost } };
  const bytes = bytesOf(marked);
  if (bytes + NUMBER_BYTES <= MAX_RECORD_BYTES) return marked;
  const light = { ...draft };
  const omitted = [...lost];
  for (const member of FREE_MEMBERS) {
    if (light[member] === undefined) continue;
    delete light[member];
    omitted.push(member);
    const data = { ...light.data, omitted, bytes };
    if (bytesOf({ ...light, data }) + NUMBER_BYTES <= MAX_RECORD_BYTES) return { ...light, data };
  }
  return light;
}

/**
 * No character takes more than three bytes per UTF-16 code unit, so a short text need not be encoded to be
 * measured.
 */
function bytesOf(draft: AuditDraft): number {
  const json = JSON.stringify(draft);
  return json.length * 3 + NUMBER_BYTES <= MAX_RECORD_BYTES ? json.length * 3 : utf8(json).length;
}
