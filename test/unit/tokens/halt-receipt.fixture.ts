import type { HaltEvidence } from "../../../src/tokens/halt-receipt.ts";
import { HALT_NOTE } from "../../../src/tokens/halt-receipt.ts";
import { AGENT_A, KEY_A, SELF } from "./fixture.ts";

export const EVIDENCE: HaltEvidence = {
  id: "hlt_01k9v3m8q2x7n5r4t6w0y1z2a3",
  kind: "suspend",
  workspace_id: SELF.dome.workspace,
  agents: [{ agent: AGENT_A, epoch: 2 }],
  keys: [KEY_A],
  halt_epoch: null,
  user: null,
  txn: null,
  cause: null,
  cascade: null,
  operator: { subject: "ada@example.com", token: "opt_01k9v3m8q2x7n5r4t6w0y1z2a3" },
  reason: "loops on refunds",
  committed_at: "2026-11-23T09:00:00.000Z",
  effective_at: "2026-11-23T09:00:02.500Z",
  bound_ms: 2600,
  acts_cut: 0,
  last_admitted: null,
  note: HALT_NOTE,
};
