/** The command to type next after the service has refused or has not answered. */
import { ApiError, type DomeError } from "../../sdk/typescript/src/errors.ts";
import { shellWord } from "../kernel/shell-word.ts";
import { isLoopback } from "./connection.ts";
import { nextForExchange } from "./exchange-next.ts";
import type { Invocation } from "./invocation.ts";
import { inWorkspace, withReason } from "./option-values.ts";

export function nextFor(error: DomeError, invocation: Invocation): string | null {
  if (!(error instanceof ApiError)) return reach(error, invocation);
  const noun = nounOf(invocation);
  const told = invocation.words.join(" ") === "token exchange" ? nextForExchange(error) : undefined;
  if (told !== undefined) return told;
  switch (error.code) {
    case "unauthenticated":
    case "invalid_token":
    case "invalid_client":
    case "unauthorized_client":
      return invocation.asAgent ? listHere("agents", invocation) : login(invocation);
    case "forbidden":
      return "dome whoami";
    case "not_found":
      return nextToFind(error.problem?.errors?.[0]?.member ?? noun, invocation);
    case "name_taken":
      // Another provider may have the issuer, under another name.
      return error.problem?.errors?.[0]?.member === "issuer"
        ? listHere("idp", invocation)
        : nextToLook(invocation);
    case "policies_break":
      return listHere("policy", invocation);
    case "held":
      return error.problem?.errors?.[0]?.member === "reason" ? onceMore(invocation) : nextToLook(invocation);
    case "precondition_failed":
      return invocation.words.join(" ") === "tools approve"
        ? nextToReview(error.problem?.errors?.[0]?.member, invocation)
        : nextToLook(invocation);
    case "upstream_refused":
    case "upstream_credential_missing":
      return ofTool("tools add-secret", invocation, " --secret-file FILE");
    case "upstream_redirect":
      return ofTool("tools update", invocation, " --url URL");
    case "upstream_unreachable":
    case "upstream_timeout":
    case "upstream_too_large":
    case "upstream_failed":
      return ofTool("tools test", invocation);
    case "invalid_transition":
    case "parent_cycle":
    case "agent_lost":
    case "workspace_lost":
    case "drain_conflict":
      return nextToLook(invocation);
    case "parent_too_deep":
    case "parent_stopped":
      return `dome agents tree${inWorkspace(invocation.workspace ?? undefined)}`;
    case "key_limit":
    case "key_not_live":
      if (noun === "operators") return "dome operators list";
      return about("keys list", invocation);
    case "unknown_reference":
      return listOf(error.problem?.errors?.[0]?.member ?? "", invocation);
    default:
      return null;
  }
}

/** After an approval that was refused: another definition waits, or none, because the server no longer lists the operation. */
function nextToReview(member: string | undefined, invocation: Invocation): string | null {
  const operation = invocation.rest[0];
  return member === "hash" && operation !== undefined
    ? ofTool("tools diff", invocation, ` ${shellWord(operation)}`)
    : ofTool("tools refresh", invocation);
}

/** A command about the tool of this command. */
function ofTool(words: string, { subject, workspace, words: [noun] }: Invocation, more = ""): string | null {
  if (noun !== "tools" || subject === null) return null;
  return `dome ${words} ${shellWord(subject)}${more}${inWorkspace(workspace ?? undefined)}`;
}

const login = ({ url, context }: Invocation): string =>
  `dome login --url ${url ?? "URL"}${context === null ? "" : ` --context ${context}`}`;

export function nextToLook(invocation: Invocation): string | null {
  const noun = nounOf(invocation);
  if (noun === null) return null;
  if (invocation.words[0] === "users") return "dome workspaces list"; // a user has no page of its own
  if (invocation.words[0] === "keys") return about("keys list", invocation);
  return about(`${noun} show`, invocation) ?? listHere(noun, invocation);
}

/** Nouns of things that belong to a workspace. */
const IN_WORKSPACE = new Set(["agents", "keys", "tools", "pools", "integrations", "idp", "policy"]);

/** The command that lists the things of a noun, in the workspace of this command. */
const listHere = (noun: string, { workspace }: Invocation): string =>
  `dome ${noun} list${IN_WORKSPACE.has(noun) ? inWorkspace(workspace ?? undefined) : ""}`;

/** @param missing the missing thing, as the service names it; otherwise the noun of the command. */
function nextToFind(missing: string | null, invocation: Invocation): string | null {
  const onWorkspace = invocation.words[0] === "workspaces" || invocation.words[0] === "users";
  switch (missing) {
    case null:
      return null;
    case "key":
      return about("keys list", invocation) ?? listHere("keys", invocation);
    case "halt":
      return about(onWorkspace ? "workspaces halts" : "agents halts", invocation);
    case "identity_provider":
      return listHere("idp", invocation);
    case "operation": {
      const [tool = ""] = invocation.subject?.split("/") ?? [];
      return `dome tools operations ${shellWord(tool)}${inWorkspace(invocation.workspace ?? undefined)}`;
    }
    case "secret":
      return about("tools secrets", invocation);
    case "operator_token":
      return "dome operators list";
    case "decision":
      if (!invocation.asAgent && invocation.subject !== null) return `dome explain ${invocation.subject} -A`;
      return `dome audit list --kind decision${inWorkspace(invocation.workspace ?? undefined)}`;
    case "workspace":
    case "agent":
    case "tier":
    case "tool":
    case "pool":
    case "integration":
      return listHere(`${missing}s`, invocation);
    case "policies":
    case "version":
      return listHere("policy", invocation);
    case "record":
      return `dome audit list${inWorkspace(invocation.workspace ?? undefined)}`;
    default:
      return missing === nounOf(invocation) ? listHere(missing, invocation) : null;
  }
}

/** A command about the same thing; null when the command names none. */
const about = (words: string, { subject, workspace }: Invocation): string | null =>
  subject === null ? null : `dome ${words} ${shellWord(subject)}${inWorkspace(workspace ?? undefined)}`;

/** The same command with the reason that lifts a hold. */
function onceMore(invocation: Invocation): string | null {
  const again = about(invocation.words.join(" "), invocation);
  return again === null ? null : `${again}${withReason("TEXT")}`;
}

/** The noun whose list or record helps: a key is found by its agent, and a user is stopped in a workspace. */
function nounOf({ words }: Invocation): string | null {
  const [first, second] = words;
  if (first === undefined || second === undefined || first === "token" || first === "context") return null;
  if (first === "audit") return null;
  if (first === "users") return "workspaces";
  return first === "keys" ? "agents" : first;
}

function listOf(member: string, invocation: Invocation): string | null {
  if (member === "owner" || member === "steward" || member === "label") return "dome agents list -A";
  if (member.startsWith("tier")) return "dome tiers list";
  if (member.startsWith("workspace")) return "dome workspaces list";
  if (member.startsWith("replaces")) return "dome operators list";
  if (invocation.words[0] === "audit" || invocation.words[0] === "users")
    return listOfFilter(member, invocation);
  if (/^(?:parent|delegates_to|audiences|agent)\b/.test(member)) return listHere("agents", invocation);
  return null;
}

/** The list in which the right value of a ledger filter can be found. */
function listOfFilter(member: string, invocation: Invocation): string | null {
  if (member === "agent" || member === "actor") return "dome agents list -A";
  if (member === "user") return "dome users list -A";
  if (member === "operator") return "dome operators list";
  if (member === "tool") return listHere("tools", invocation);
  if (member !== "txn" && member !== "request_id") return null;
  return `${["dome", ...invocation.words, ...(invocation.subject === null ? [] : [invocation.subject])].join(" ")} -A`;
}

function reach(error: DomeError, { url, words }: Invocation): string | null {
  if (error.code !== "connection_failed" && error.code !== "unreadable_answer") return null;
  if (url !== null && isLoopback(url) && error.code === "connection_failed") {
    return "start the server (npm start), or choose another one: dome context list";
  }
  return words[0] === "login" ? "dome login --url URL" : "dome context list";
}
