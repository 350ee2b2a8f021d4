/** Expected refusals of the control plane: a stable problem code, and the next step. */
import type { ProblemCode } from "../../contract/problem-codes.ts";
import { typedCommand } from "../../contract/typed-command.ts";
import { rfc3339 } from "../../kernel/clock.ts";
import { unreachable } from "../../kernel/result.ts";
import type { DrainConflict } from "../../lifecycle/drain.ts";
import { rolesWith } from "../../operators/permissions.ts";
import { MOST_ANCESTORS } from "../../registry/agents.ts";
import type { BrokenRule } from "../../storage/change.ts";
import type { AncestorRefusal, OwnerRefusal } from "../owners/owner-answer.ts";

export interface Refusal {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: readonly { readonly member: string; readonly detail: string }[];
  readonly retryAfterSeconds?: number;
  /** All that the token's scope lacks for the request. */
  readonly scopes?: readonly string[];
  /** For a tool call through a door: its decision, and who refused it or failed. */
  readonly call?: {
    readonly reason?: string;
    readonly decision_id?: string;
    readonly who: "caller" | "policy" | "dome" | "upstream";
  };
}

/** The refusal of one member of the request. */
export const memberRefusal = (code: ProblemCode, member: string, detail: string): Refusal => ({
  code,
  detail,
  errors: [{ member, detail }],
});

/** The refusal of a well-formed value that names nothing the reader can see. */
export const namesNothing = (member: string, detail: string): Refusal =>
  memberRefusal("unknown_reference", member, detail);

/** @param what the kind of thing. As `member`, it tells programs which of the named things is missing. */
export const notFound = (what: string, reference = ""): Refusal =>
  memberRefusal(
    "not_found",
    what.replaceAll(" ", "_"),
    `The ${what}${shown(reference)} does not exist, or the credential may not see it.`,
  );

/**
 * The reference in parentheses, if it has the form of a name or an id. Other text, which may be a key, is not repeated.
 */
export const shown = (reference: string): string =>
  /^[a-z0-9_-]{1,63}$/.test(reference) ? ` (${reference})` : "";

const RULES: Readonly<Record<BrokenRule, Refusal>> = {
  fence_moved: {
    code: "configuration_pending",
    detail: "Another change was in progress. Repeat the request.",
    retryAfterSeconds: 1,
  },
  claim_lost: {
    code: "request_in_progress",
    detail: "Another request with this Idempotency-Key has taken over. Repeat the request.",
    retryAfterSeconds: 1,
  },
  parent_too_deep: memberRefusal(
    "parent_too_deep",
    "parent",
    `The agent, or one of its descendants, would have more than ${MOST_ANCESTORS} ancestors. Choose a parent further up.`,
  ),
  parent_cycle: memberRefusal(
    "parent_cycle",
    "parent",
    "The parent is this agent itself or one of its descendants. Choose another parent.",
  ),
  entry_in_use: {
    code: "in_use",
    detail: "Agents declare the catalog entry. Remove it from their surfaces first, or use force.",
  },
  agent_name_taken: memberRefusal(
    "name_taken",
    "name",
    "An agent of this workspace has or had this name, and names are never reused. Choose another name.",
  ),
  agent_id_taken: {
    code: "request_in_progress",
    detail: "Dome is still registering the agent. Repeat the request.",
    retryAfterSeconds: 1,
  },
  workspace_name_taken: memberRefusal(
    "name_taken",
    "name",
    "Another workspace has this name. Choose another name.",
  ),
  operator_token_not_live: {
    code: "key_not_live",
    detail: "The operator token is revoked or expired. Issue a new one.",
  },
  tier_missing: memberRefusal(
    "unknown_reference",
    "tier",
    "The tier was removed meanwhile. Choose another tier: dome tiers list.",
  ),
  tier_in_use: {
    code: "in_use",
    detail: "Agents are in the tier. Give them another tier first: dome agents list --tier TIER.",
  },
  tier_built_in: {
    code: "in_use",
    detail: "A built-in tier cannot be removed. Change its settings instead: dome tiers update.",
  },
  tier_name_taken: memberRefusal(
    "name_taken",
    "name",
    "There is a tier with this name. Choose another name, or change that tier: dome tiers update.",
  ),
  provider_name_taken: memberRefusal(
    "name_taken",
    "name",
    "The workspace has an identity provider with this name. Choose another name, or remove that provider first.",
  ),
  provider_issuer_taken: memberRefusal(
    "name_taken",
    "issuer",
    "The workspace already has an identity provider with this issuer, under another name. Remove that provider first.",
  ),
  entry_name_taken: memberRefusal(
    "name_taken",
    "name",
    "The catalog has an entry with this kind and name. Choose another name.",
  ),
};

/** How a second drain would loosen the first one. A second drain may only tighten. */
const LOOSENS: Readonly<Record<DrainConflict, string>> = {
  later: "end later",
  weaker: "suspend the agent instead of revoking it",
  narrower: "leave out its descendants",
};

/** What cannot be recorded is not done (P8). Stops and revocations are never refused for this reason. */
export const EVIDENCE_FULL: Refusal = {
  code: "unavailable",
  detail:
    "The audit ledger is full. Dome refuses decisions and changes, but not stops and revocations. Raise DOME_LEDGER_CAPACITY.",
  retryAfterSeconds: 30,
};

const NOTHING = " A revocation is final. Register another agent.";

/** The advice for a command that does not apply to the agent's state. */
const INSTEAD: Readonly<Partial<Record<string, string>>> = {
  "suspended activate": " Use `dome agents resume` for a suspended agent.",
  "revoked activate": NOTHING,
  "revoked suspend": NOTHING,
  "revoked resume": NOTHING,
};

/** Lifting a hold requires a reason, so that an incident is not ended by accident. */
function held({ lacks, subject, since }: Extract<OwnerRefusal, { kind: "held" }>): Refusal {
  const what =
    since === null
      ? `The agent is draining towards a held suspension that ${subject} ordered`
      : `${subject} has held the agent since ${rfc3339(since)}`;
  if (lacks === "reason") {
    return {
      code: "held",
      detail: `${what}. Give a reason to lift the hold.`,
      errors: [{ member: "reason", detail: "is required to lift a hold" }],
    };
  }
  const roles = rolesWith("agents:hold").join(" or ");
  return { code: "held", detail: `${what}. A token with the role ${roles} can lift the hold.` };
}

type StoppedAncestor = Extract<AncestorRefusal, { kind: "ancestor_stopped" }>;

/** The advice about a stopped ancestor. */
const FIRST: Readonly<Record<StoppedAncestor["state"], (ancestor: StoppedAncestor) => string>> = {
  suspended: ({ agent, workspace }) =>
    `is suspended. Resume it first: ${typedCommand(workspace, ["agents", "resume", agent])}`,
  revoked: () => "is revoked, which is final. Give the agent another parent, or none.",
  absent: () => "is lost. Give the agent another parent, or none.",
};

const ancestorStopped = (ancestor: StoppedAncestor): Refusal =>
  memberRefusal(
    "parent_stopped",
    "parent",
    `The agent ${ancestor.agent}, an ancestor, ${FIRST[ancestor.state](ancestor)}`,
  );

/** Only for a tree from before the bound was enforced. */
const tooDeep = ({ agent, workspace }: Extract<AncestorRefusal, { kind: "too_deep" }>): Refusal =>
  memberRefusal(
    "parent_too_deep",
    "parent",
    `The agent has more than ${MOST_ANCESTORS} ancestors. Give it a parent further up, or none: ${typedCommand(workspace, ["agents", "update", agent, "--clear", "parent"])}`,
  );

export function refusalOf(refusal: OwnerRefusal): Refusal {
  switch (refusal.kind) {
    case "absent":
      return {
        code: "agent_lost",
        detail:
          "The registry has this agent, but the object that holds its state is lost. Dome refuses every request for the agent. See docs/storage.md.",
      };
    case "unsettled":
      return {
        code: "configuration_pending",
        detail:
          "An earlier change has an unknown outcome, and Dome is settling it. Repeat the request with the same Idempotency-Key.",
        retryAfterSeconds: 1,
      };
    case "busy":
      return {
        code: "configuration_pending",
        detail:
          "Dome is making other changes of the same agent or workspace, and has not made this one. Repeat the request.",
        retryAfterSeconds: 1,
      };
    case "stale":
      return {
        code: "precondition_failed",
        detail: "The record has changed since you read it. Read it again, then repeat the change.",
      };
    case "rule":
      return RULES[refusal.rule];
    case "other_body":
      return {
        code: "idempotency_mismatch",
        detail: "Another request used this Idempotency-Key. Use a new key for a new request.",
      };
    case "invalid_transition":
      return {
        code: "invalid_transition",
        detail: `The agent is ${refusal.from}, and ${refusal.command} does not apply to that state.${INSTEAD[`${refusal.from} ${refusal.command}`] ?? ""}`,
      };
    case "evidence_full":
      return EVIDENCE_FULL;
    case "expired":
      return memberRefusal(
        "invalid_transition",
        "expires_at",
        "The agent has passed its end date. Set a later expires_at, or null, first.",
      );
    case "drain_conflict":
      return {
        code: "drain_conflict",
        detail: `The agent is already draining until ${rfc3339(refusal.deadline)}, and this drain would ${LOOSENS[refusal.why]}. Stop the agent without a drain, or activate it to cancel the drain and then drain again.`,
      };
    case "held":
      return held(refusal);
    case "ancestor_stopped":
      return ancestorStopped(refusal);
    case "too_deep":
      return tooDeep(refusal);
    case "undecided":
      return {
        code: "unavailable",
        detail:
          "Dome could not determine in time whether the agent's ancestors are running. Repeat the request.",
        retryAfterSeconds: 1,
      };
    case "revoked":
      return {
        code: "invalid_transition",
        detail: "The agent is revoked, and a revocation is final. Register another agent.",
      };
    case "key_limit":
      return { code: "key_limit", detail: `The agent has ${refusal.most} live keys. Revoke one first.` };
    case "key_absent":
      return notFound("key");
    case "key_not_live":
      return memberRefusal(
        "key_not_live",
        "replaces",
        "The key to replace is revoked or expired. Issue a key without replaces.",
      );
    default:
      return unreachable(refusal);
  }
}

/**
 * As `refusalOf`, for the object of a workspace. A lost workspace object admits nothing: its lease says that the
 * workspace is halted.
 */
export const workspaceRefusalOf = (refusal: OwnerRefusal): Refusal =>
  refusal.kind === "absent"
    ? {
        code: "workspace_lost",
        detail:
          "The registry has this workspace, but the object that holds its state is lost. Dome refuses every request in the workspace. See docs/storage.md.",
      }
    : refusalOf(refusal);
