/**
 * Rotates the root key. Sealed values are sealed again, in batches that can be interrupted and repeated. Digests are
 * renewed at the next use of their key. What still depends on a version is counted, so that the version can be removed
 * when the count is zero.
 */
import {
  rootKeyRewrapped,
  type RootKeyRewrap,
  type RootKeyRewrapped,
  type RootKeyStatus,
} from "../contract/root-key.ts";
import { ok, type Result } from "../kernel/result.ts";
import { countHolders } from "../registry/root-key-counts.ts";
import {
  loadToolSecrets,
  resealSecret,
  type ResealedSecret,
  type StoredSecret,
} from "../registry/tool-secrets.ts";
import { sealedUnder } from "../secrets/envelope.ts";
import { loadSigningKeys } from "../tokens/signing-key-reads.ts";
import { resealSigningKey, type SigningKey } from "../tokens/signing-key.ts";
import { answerOf, change, changedOrg } from "./change/change.ts";
import { orgEpoch } from "./change/org-epoch.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import type { Refusal } from "./answer/refusal.ts";
import { wholeInstallation } from "./request/whole-installation.ts";

export async function rootKeyStatus(
  ports: OperationPorts,
  request: OperatorRequest,
): Promise<Result<RootKeyStatus, Refusal>> {
  const whole = wholeInstallation(request);
  if (!whole.ok) return whole;
  const listed = ports.derived.map(({ version }) => version);
  const sealed = Map.groupBy(await sealedValues(ports), ({ under }) => under);
  const { newest, made } = await countHolders(ports.db, listed, ports.clock.now());
  const absent = [...sealed.keys(), ...newest.keys()].filter((version) => !listed.includes(version));
  return ok({
    versions: [...listed, ...new Set(absent)].map((version) => {
      const place = version === listed[0] ? "newest" : listed.includes(version) ? "older" : "absent";
      const { apiKeys = 0, operatorTokens = 0 } = newest.get(version) ?? {};
      const count = sealed.get(version)?.length ?? 0;
      return {
        version,
        place,
        sealed: count,
        api_keys: apiKeys,
        operator_tokens: operatorTokens,
        made: made.get(version) ?? 0,
        may_leave: place === "older" && count + apiKeys + operatorTokens === 0,
      };
    }),
  });
}

export async function rewrapRootKey(
  ports: OperationPorts,
  request: OperatorRequest,
  { dry_run: dryRun, limit }: RootKeyRewrap,
): Promise<Result<RootKeyRewrapped, Refusal>> {
  const whole = wholeInstallation(request);
  if (!whole.ok) return whole;
  const rewrapped = await change(ports, request, changedOrg(ports), rootKeyRewrapped, async () => {
    const basedOn = await orgEpoch(ports);
    const [{ version: newest }] = ports.derived;
    const { behind, unreadable } = sorted(await sealedValues(ports), ports);
    const batch = behind.slice(0, limit);
    const answer: RootKeyRewrapped = {
      dry_run: dryRun,
      rewrapped: batch.length,
      left: behind.length - batch.length,
      unreadable: unreadable.map(({ name }) => name),
    };
    if (dryRun || batch.length === 0) return ok({ answer, change: null });
    const changed = await resealed(batch, ports);
    return ok({
      answer,
      change: {
        audit: [
          {
            workspace: "org",
            kind: "root_key.rewrapped",
            target: { type: "root_key", id: newest },
            data: {
              signing_keys: changed.signingKeys.map((key) => key.kid),
              tool_secrets: changed.toolSecrets.map((secret) => secret.id),
              left: answer.left,
            },
          },
        ],
        send: (command) =>
          ports.owners.org().configure({ ...command, basedOn, content: { kind: "resealed", ...changed } }),
      },
    });
  });
  return answerOf(rewrapped);
}

/** A value of the registry that is sealed under the root key. */
type SealedValue = {
  /** What it is called in answers. */
  readonly name: string;
  /** The root-key version; `unknown` when the text is no sealed value. */
  readonly under: string;
} & (
  | { readonly kind: "signing_key"; readonly key: SigningKey }
  | { readonly kind: "tool_secret"; readonly stored: StoredSecret }
);

async function sealedValues({ db }: OperationPorts): Promise<SealedValue[]> {
  const [keys, secrets] = await Promise.all([loadSigningKeys(db), loadToolSecrets(db)]);
  return [
    ...keys.map((key): SealedValue => ({
      kind: "signing_key",
      name: key.kid,
      under: sealedUnder(key.sealedPrivate) ?? "unknown",
      key,
    })),
    ...secrets.map((stored): SealedValue => ({
      kind: "tool_secret",
      name: stored.secret.id,
      under: sealedUnder(stored.secret.sealed) ?? "unknown",
      stored,
    })),
  ];
}

/** @throws for a value that its version does not open: it was tampered with. */
async function resealed(
  batch: readonly SealedValue[],
  { derived, random }: OperationPorts,
): Promise<{ readonly signingKeys: SigningKey[]; readonly toolSecrets: ResealedSecret[] }> {
  const signingKeys: SigningKey[] = [];
  const toolSecrets: ResealedSecret[] = [];
  for (const value of batch) {
    if (value.kind === "signing_key") {
      const key = await resealSigningKey(value.key, derived, random);
      if (!key.ok) throw new Error(`the signing key ${value.name} does not open: ${key.error.kind}`);
      signingKeys.push(key.value);
    } else {
      const secret = await resealSecret(derived, value.stored, random);
      if (!secret.ok) throw new Error(`the secret ${value.name} does not open: ${secret.error.kind}`);
      toolSecrets.push(secret.value);
    }
  }
  return { signingKeys, toolSecrets };
}

/** What is not sealed under the newest version: what can be brought there, and what no listed version opens. */
function sorted(values: readonly SealedValue[], { derived }: OperationPorts) {
  const [newest, ...older] = derived.map(({ version }) => version);
  return {
    behind: values.filter(({ under }) => older.includes(under)),
    unreadable: values.filter(({ under }) => under !== newest && !older.includes(under)),
  };
}
