/** The dependencies of the token service. */
import type { AuthenticationPorts } from "../access/authenticate.ts";
import type { ReleasePorts } from "../access/release.ts";
import type { SigningKeys } from "../access/signing-keys.ts";
import type { AuditDraft } from "../contract/audit.ts";
import type { Tiers } from "../tiers/limits.ts";
import type { ActiveClient } from "./authenticate-client.ts";

export interface TokenPorts extends AuthenticationPorts, ReleasePorts {
  readonly signingKeys: SigningKeys;
  readonly tiers: Tiers;
}

/** A request to the token endpoint. */
export interface TokenRequest {
  readonly client: ActiveClient;
  /** One value per parameter; empty ones have been left out. */
  readonly form: ReadonlyMap<string, string>;
  readonly traceparent: string | undefined;
  readonly requestId: string;
  readonly request: NonNullable<AuditDraft["request"]>;
}
