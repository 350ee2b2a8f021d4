/**
 * ID tokens of users, for the agents that act for them: the provider, its keys and the audience. A verification is
 * cached under all its inputs. Facts that change with time are checked at each use. A token may be used as often as
 * needed while it is young enough (design part 8).
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

/** A verification as an isolate caches it: plain data, without the token. */
export interface RememberedUser {
  readonly user: VerifiedUser;
  /** The keys that verified it: a key that was withdrawn meanwhile must not remain trusted here. */
  readonly until: number;
}

interface UserTokenPorts {
  readonly clock: Clock;
  readonly configuration: Pick<ConfigurationReader, "providers">;
  readonly keys: ProviderKeys;
  /** The issuer of the test users that this server offers; null when it offers none. */
  readonly testIssuer: string | null;
  /** By SHA-256 of token, workspace, agent and configuration epoch, so that it holds no token. */
  readonly remembered: BoundedMap<string, RememberedUser>;
}

export interface PresentedUserToken {
  readonly workspace: WorkspaceId;
  /** From a lease of the workspace that was taken before this call. */
  readonly configEpoch: number;
  /** The agent that presents the token. */
  readonly agent: AgentId;
  readonly token: string;
  /** A greatest age below the provider's own limit; default: that limit. */
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
