/** End users as identity providers vouch for them. */
import type { AgentId, Id, WorkspaceId } from "../kernel/ids.ts";
import type { Result } from "../kernel/result.ts";

export interface VerifiedUser {
  readonly id: string;
  readonly provider: Id<"idp">;
  readonly providerName: string;
  readonly issuer: string;
  readonly subject: string;
  readonly email?: string;
  readonly groups?: readonly string[];
  readonly audience: string;
  readonly mayAct: unknown;
  readonly issuedAt: number;
  readonly expiresAt: number;
}
export type IdentityRefusal = { readonly kind: "provider_unavailable" } | { readonly kind: "expired" };
export interface UserTokens {
  verify(input: {
    readonly workspace: WorkspaceId;
    readonly configEpoch: number;
    readonly agent: AgentId;
    readonly token: string;
    readonly maxAgeSeconds?: number;
  }): Promise<Result<VerifiedUser, IdentityRefusal>>;
}
