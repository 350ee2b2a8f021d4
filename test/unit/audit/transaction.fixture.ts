/** Records of one transaction, as the ledger lists them. */
import type { AuditEntry } from "../../../src/contract/audit.ts";
import type { AgentId, Id } from "../../../src/kernel/ids.ts";

const ulid = (n: number | string): string => String(n).padStart(26, "0");
export const IDS = {
  A: `agt_${ulid("a")}`,
  B: `agt_${ulid("b")}`,
  C: `agt_${ulid("c")}`,
  USER: `usr_${"u".repeat(26)}`,
  TXN: `txn_${ulid(1)}`,
  token: (n: number): Id<"tok"> => `tok_${ulid(n)}`,
  record: (n: number): Id<"evt"> => `evt_${ulid(n)}`,
  decision: (n: number): Id<"dec"> => `dec_${ulid(n)}`,
} as const;

/** @param n also its number, its place, and the second it happened at. */
export const entry = (n: number, kind: string, over: Partial<AuditEntry> = {}): AuditEntry => ({
  id: IDS.record(n),
  producer: "worker",
  n: n + 1,
  time: new Date(Date.UTC(2026, 10, 23, 9, 0, n)).toISOString(),
  workspace: `wsp_${ulid(1)}`,
  kind,
  txn: IDS.TXN,
  seq: n + 1,
  hash: "0".repeat(64),
  ...over,
});

export interface Exchange {
  readonly agent: AgentId;
  readonly jti: string;
  readonly subject: string | null;
  readonly user: boolean;
  readonly chain?: NonNullable<AuditEntry["chain"]>;
}

export const exchanged = (n: number, { agent, jti, subject, user, chain }: Exchange): AuditEntry =>
  entry(n, "token.exchanged", {
    agent,
    target: { type: "token", id: jti },
    data: {
      subject_jti: subject,
      subject_type: subject === null ? "id_token" : "access_token",
      subject_hash: "h",
      scope: "tool:crm",
      scope_before: "surface",
      audience: "https://dome.example",
      audience_before: "https://dome.example",
      expires_in: 300,
      basis: "delegates_to",
      receipt: `rct_${ulid(n)}`,
      path: [jti],
    },
    ...(user ? { user: { id: IDS.USER } } : {}),
    ...(chain === undefined ? {} : { chain }),
  });
