/** The words of the project, and the words that stand for something else or for nothing: what a page may not say. */

export interface Rule {
  readonly pattern: RegExp;
  readonly instead: string;
}

export const RULES: readonly Rule[] = [
  { pattern: /\b(?:audit )?trails?\b/i, instead: "ledger" },
  { pattern: /\btenants?\b/i, instead: "workspace" },
  { pattern: /\baccess tokens?\b/i, instead: "call token" },
  { pattern: /\b(?:deactivat|disabl)(?:e|es|ed|ing)\b/i, instead: "suspend, or revoke" },
  { pattern: /\binstallations?\b/i, instead: "organization, or deployment" },
  { pattern: /\b(?:chat)?bots?\b/i, instead: "agent" },
  {
    pattern: /\b(?:API|agent|admin API|bearer API) tokens?\b/i,
    instead: "API key, call token or operator token",
  },
  { pattern: /\b(?:operator|admin) (?:API )?keys?\b/i, instead: "operator token, or admin token" },
  { pattern: /\b(?:secret|private API) keys?\b/i, instead: "API key, signing key or root key" },
  { pattern: /\bJWT tokens?\b/i, instead: "JWT, or call token" },
  { pattern: /\b(?:audit|event) logs?\b/i, instead: "ledger" },
  { pattern: /\bkill[- ]switch(?:es)?\b/i, instead: "halt, or stop" },
  { pattern: /\bdelegation chains?\b/i, instead: "chain" },
  { pattern: /\b(?:black|white)[- ]?list(?:s|ed)?\b/i, instead: "the rule, and what it refuses or allows" },
  { pattern: /\b(?:some|any)body(?:'s)?\b/i, instead: "the person, the operator, the caller" },
  { pattern: /\bfor ever\b/i, instead: "permanently, or never" },
  { pattern: /\bwhoever\b/i, instead: "the token, the agent, the operator, the caller" },
  {
    pattern: /(?:^|[.:!?|] )Who [^?.|]*(?:[.|]|$)/m,
    instead: "the token, the agent, the operator, the caller",
  },
];

/** Terms of other standards and products, which keep their own words. */
export const EXCEPTIONS: readonly { readonly text: RegExp; readonly reason: string }[] = [
  {
    text: /\b(?:(?:the|this|the user's) tenant|tenant's id|issuer, tenant and subject|issuer, subject and tenant)\b|\[TENANT\]/gi,
    reason: "a tenant of Entra, `tid`",
  },
  {
    text: /\ban access token(?:, a logout token| is not an ID token)/gi,
    reason: "an OAuth token of another issuer",
  },
  {
    text: /\bhash-chained audit log of a workspace\b/gi,
    reason: "the definition of the ledger, in words that a newcomer knows",
  },
  { text: /\bdeactivated at the provider\b/gi, reason: "an account at the identity provider" },
];

/** The faults of a text, with the words around each. Code and targets of links are left out. */
export function faults(text: string): string[] {
  const bare = text
    .replaceAll(/^```[\s\S]*?^```$/gm, "")
    .replaceAll(/`[^`\n]+`/g, "``")
    .replaceAll(/\]\([^)]+\)/g, "]")
    .replaceAll(/ *\n(?![\n#|-]) */g, " ");
  const prose = EXCEPTIONS.reduce((rest, { text: term }) => rest.replaceAll(term, ""), bare);
  return RULES.flatMap(({ pattern, instead }) => {
    const found = pattern.exec(prose);
    if (found === null) return [];
    const around = prose.slice(Math.max(0, found.index - 30), found.index + found[0].length + 30);
    return [`"${around.trim()}": say ${instead}`];
  });
}
