/**
 * ID tokens of users, for the agents that act for them: which provider, which keys, which audience. What was verified
 * is remembered by the whole question, and what depends on the moment is asked again at each use: a token may be used
 * as often as wanted while it is young enough (design part 8).
 */
import type { BoundedMap } from "../kernel/bounded-map.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import type { Clock } from "../kernel/clock.ts";
import { sha256Sync } from "../kernel/digest.ts";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { readIdToken } from "../identity/id-token.ts";
import type { IdentityRefusal, VerifiedUser } from "../identity/provider.ts";
import type { ProviderKeys } from "../identity/provider-keys.ts";
import { isOffered } from "../identity/test-issuer.ts";
import { verifyIdToken, whyNotNow } from "../identity/verify-id-token.ts";
import type { ConfigurationReader } from "./configuration.ts";

/** A verification as an isolate remembers it: plain data, without the token. */
export interface RememberedUser {
  readonly user: VerifiedUser;
  /** With the keys it was verified with: one that was taken back meanwhile must not live on here. */
  readonly until: number;
}

interface UserTokenPorts {
  readonly clock: Clock;
  readonly configuration: Pick<ConfigurationReader, "providers">;
  readonly keys: ProviderKeys;
  /** Of the test users that this server offers; null: none. */
  readonly testIssuer: string | null;
  /** By SHA-256 of token, workspace, agent and configuration epoch, so that it holds no token. */
  readonly remembered: BoundedMap<string, RememberedUser>;
}

export interface PresentedUserToken {
  readonly workspace: WorkspaceId;
  /** From a lease of the workspace that was taken before. */
  readonly configEpoch: number;
  /** Who presents the token. */
  readonly agent: AgentId;
  readonly token: string;
  /** Younger than the provider's own limit; default: that limit. */
  readonly maxAgeSeconds?: number;
  readonly traceparent?: string;
}

export class UserTokens {
  readonly #ports: UserTokenPorts;

  constructor(ports: UserTokenPorts) {
    this.#ports = ports;
  }

  async verify(input: PresentedUserToken): Promise<Result<VerifiedUser, IdentityRefusal>> {
    const { configuration, remembered, clock, testIssuer } = this.#ports;
    const { workspace, configEpoch, agent, token, maxAgeSeconds } = input;
    const read = readIdToken(token);
    if (!read.ok) return read;
    const providers = await configuration.providers(workspace, configEpoch);
    const provider = [...providers.values()].find(({ issuer }) => issuer === read.value.issuer);
    if (provider === undefined)
      return err({ kind: isOffered(read.value.issuer, testIssuer) ? "unknown_issuer" : "test_issuer" });

    const question = JSON.stringify([token, workspace, agent, configEpoch]);
    const memory = toHex(sha256Sync(utf8(question)));
    const known = remembered.get(memory);
    if (known !== undefined && clock.now() < known.until) {
      const refusal = whyNotNow(known.user, { provider, now: clock.now(), maxAgeSeconds });
      return refusal === null ? ok(known.user) : err(refusal);
    }
    const keys = await this.#ports.keys.current(provider, read.value.kid, input.traceparent);
    if (!keys.ok) return keys;
    const context = { provider, keys: keys.value.keys, workspace, agent, now: clock.now(), maxAgeSeconds };
    const verified = await verifyIdToken(read.value, context);
    if (verified.ok) remembered.set(memory, { user: verified.value, until: keys.value.freshUntil });
    return verified;
  }
}
