/**
 * The commands of the program, in the order of its help, and the file of each. A command is loaded when the command
 * line names it, so that starting costs only what is used.
 */
import type { Command } from "commander";
import type { Title } from "../command.ts";
import type { Session } from "../session.ts";

/** @param root the program, for the commands that are about it. */
type Make = (session: Session, title: Title, root: Command) => Command;

interface Entry extends Title {
  readonly load: () => Promise<Make>;
  /** Not shown in the help. */
  readonly hidden?: true;
}

export const COMMANDS: readonly Entry[] = [
  {
    name: "login",
    summary: "Save a service and your operator token",
    load: async () => (await import("./login.ts")).loginCommand,
  },
  {
    name: "logout",
    summary: "Forget the saved token of a service",
    load: async () => (await import("./logout.ts")).logoutCommand,
  },
  {
    name: "whoami",
    summary: "Show who you are, and where",
    load: async () => (await import("./whoami.ts")).whoamiCommand,
  },
  {
    name: "status",
    summary: "Show the health of the service: outboxes, ledgers, gaps, ages of keys, versions",
    load: async () => (await import("./status.ts")).statusCommand,
  },
  {
    name: "context",
    summary: "The services you are logged in to",
    load: async () => (await import("./context/context.ts")).contextCommand,
  },
  {
    name: "version",
    summary: "Show the version of this program",
    load: async () => (await import("./version.ts")).versionCommand,
  },
  {
    name: "completion",
    summary: "Print a completion script for your shell",
    load: async () => (await import("./completion.ts")).completionCommand,
  },
  {
    name: "workspaces",
    summary: "Workspaces: each agent, catalog entry, key and ledger belongs to exactly one",
    load: async () => (await import("./workspaces/workspaces.ts")).workspacesCommand,
  },
  {
    name: "agents",
    summary: "Register agents and move them through their lifecycle",
    load: async () => (await import("./agents/agents.ts")).agentsCommand,
  },
  {
    name: "keys",
    summary: "Issue, rotate and revoke the API keys of agents",
    load: async () => (await import("./keys/keys.ts")).keysCommand,
  },
  {
    name: "operators",
    summary: "Tokens of the people and jobs that administer Dome, each with a role and an expiry",
    load: async () => (await import("./operators/operators.ts")).operatorsCommand,
  },
  {
    name: "tools",
    summary: "Tools of a workspace's catalog",
    load: async () => (await import("./tools/tools.ts")).toolsCommand,
  },
  {
    name: "pools",
    summary: "Pools of models of a workspace's catalog",
    load: async () => (await import("./pools/pools.ts")).poolsCommand,
  },
  {
    name: "integrations",
    summary: "External systems of a workspace's catalog",
    load: async () => (await import("./integrations/integrations.ts")).integrationsCommand,
  },
  {
    name: "idp",
    summary: "Identity providers, whose users agents may act for",
    load: async () => (await import("./idp/idp.ts")).idpCommand,
  },
  {
    name: "tiers",
    summary: "Trust levels, their limits and defaults",
    load: async () => (await import("./tiers/tiers.ts")).tiersCommand,
  },
  {
    name: "policy",
    summary: "Policies in Cedar: what agents may do with what they declared",
    load: async () => (await import("./policy/policy.ts")).policyCommand,
  },
  {
    name: "token",
    summary: "Short-lived tokens that agents carry on calls",
    load: async () => (await import("./token/token.ts")).tokenCommand,
  },
  {
    name: "users",
    summary: "The users for whom agents act: list, stop and resume them",
    load: async () => (await import("./users/users.ts")).usersCommand,
  },
  {
    name: "signing-keys",
    summary: "Keys that the service signs tokens and receipts with",
    load: async () => (await import("./signing-keys/signing-keys.ts")).signingKeysCommand,
  },
  {
    name: "root-key",
    summary: "The versions of the root key, and what still needs each",
    load: async () => (await import("./root-key/root-key.ts")).rootKeyCommand,
  },
  {
    name: "check",
    summary: "Ask, as an agent, whether it may use a tool, model or integration",
    load: async () => (await import("./check.ts")).checkCommand,
  },
  {
    name: "call",
    summary: "Call, as an agent, an operation of a tool through Dome",
    load: async () => (await import("./call.ts")).callCommand,
  },
  {
    name: "explain",
    summary: "Show a recorded decision: why, and what would change it",
    load: async () => (await import("./explain.ts")).explainCommand,
  },
  {
    name: "chain",
    summary: "Chains of delegation: who acted for whom, with which scope",
    load: async () => (await import("./chain/chain.ts")).chainCommand,
  },
  {
    name: "audit",
    summary: "The ledger: what happened, who did it, and why",
    load: async () => (await import("./audit/audit.ts")).auditCommand,
  },
  {
    name: "help",
    summary: "Show the help of a command",
    load: async () => (await import("./help.ts")).helpCommand,
  },
  {
    name: "__complete",
    summary: "What may come next",
    load: async () => (await import("./completion.ts")).completeCommand,
    hidden: true,
  },
];
