/**
 * A token in the name of the call's user, for a tool that asks for it: Dome vouches for the user at the authorization
 * server of the tool's server. What the caller presented, a call token or an ID token, is not part of it (P10).
 */
import type { SigningKeys } from "../../access/signing-keys.ts";
import { MAX_ASSERTION_LIFETIME_S } from "../../contract/user-assertion.ts";
import { defined } from "../../kernel/defined.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { mintUserAssertion } from "../../tokens/mint-assertion.ts";
import type { Permit } from "../call-tool.ts";
import { actingFor } from "./acting.ts";
import type { ContextPorts } from "./dome-context.ts";
import { CLIENT, type Grant, type NoCredential } from "./server-credential.ts";
import type { OAuth } from "./token-request.ts";

type GrantPorts = Pick<ContextPorts, "clock" | "ids" | "issuer"> & {
  readonly signingKeys: Pick<SigningKeys, "signer">;
};

const URN = "urn:ietf:params:oauth";

/** @returns Dome's own grant where the entry does not ask for the user. */
export async function grantFor(
  { clock, ids, issuer, signingKeys }: GrantPorts,
  { caller, decided }: Permit,
  { user: wanted, token_url: tokenUrl }: OAuth,
): Promise<Result<Grant, NoCredential>> {
  if (wanted === null) return ok(CLIENT);
  const { user, agents } = caller;
  const { sub, act } = actingFor(caller, issuer);
  // A decision without the user is a denial; Dome's own credential must never stand in for one.
  if (user === null || act === undefined) return err({ kind: "credential_missing" });
  const signer = await signingKeys.signer("token");
  if (!signer.ok) return err({ kind: "credential_missing" });
  const { issuer: provider, subject, email } = user;
  const iat = Math.floor(clock.now() / 1000);
  const assertion = await mintUserAssertion(
    {
      iss: issuer,
      sub,
      aud: wanted.audience ?? tokenUrl,
      iat,
      exp: iat + MAX_ASSERTION_LIFETIME_S,
      jti: ids.next("ctx"),
      act,
      txn: decided.txn,
      ...defined({
        email,
        idp: provider === undefined || subject === undefined ? undefined : { iss: provider, sub: subject },
      }),
    },
    signer.value,
  );
  const form =
    wanted.grant === "jwt_bearer"
      ? { grant_type: `${URN}:grant-type:jwt-bearer`, assertion }
      : {
          grant_type: `${URN}:grant-type:token-exchange`,
          subject_token: assertion,
          subject_token_type: `${URN}:token-type:jwt`,
          requested_token_type: `${URN}:token-type:access_token`,
        };
  // Another chain for the same user is another token: the authorization server may decide on who acts.
  return ok({ form, of: JSON.stringify([user.id, subject ?? null, agents.map(({ id }) => id)]) });
}
