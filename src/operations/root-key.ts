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
import { sealedUnder } from "../secrets/envelope.ts";
import { loadSigningKeys } from "../tokens/signing-key-reads.ts";
import { resealSigningKey, type SigningKey } from "../tokens/signing-key.ts";
import { answerOf, change, changedOrg } from "./change/change.ts";
import { orgEpoch } from "./change/org-epoch.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import type { Refusal } from "./answer/refusal.ts";
import { wholeInstallation } from "./signing-keys.ts";

export async function rootKeyStatus(
  ports: OperationPorts,
  request: OperatorRequest,
): Promise<Result<RootKeyStatus, Refusal>> {
  const whole = wholeInstallation(request);
  if (!whole.ok) return whole;
  const listed = ports.derived.map(({ version }) => version);
  const sealed = Map.groupBy(
    await loadSigningKeys(ports.db),
    ({ sealedPrivate }) => sealedUnder(sealedPrivate) ?? "unknown",
  );
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
    const { behind, unreadable } = sorted(await loadSigningKeys(ports.db), ports);
    const batch = behind.slice(0, limit);
    const answer: RootKeyRewrapped = {
      dry_run: dryRun,
      rewrapped: batch.length,
      left: behind.length - batch.length,
      unreadable: unreadable.map((key) => key.kid),
    };
    if (dryRun || batch.length === 0) return ok({ answer, change: null });
    const changed: SigningKey[] = [];
    for (const key of batch) {
      const resealed = await resealSigningKey(key, ports.derived, ports.random);
      if (!resealed.ok) throw new Error(`the signing key ${key.kid} does not open: ${resealed.error.kind}`);
      changed.push(resealed.value);
    }
    return ok({
      answer,
      change: {
        audit: [
          {
            workspace: "org",
            kind: "root_key.rewrapped",
            target: { type: "root_key", id: newest },
            data: { signing_keys: changed.map((key) => key.kid), left: answer.left },
          },
        ],
        send: (command) =>
          ports.owners.org().configure({
            ...command,
            basedOn,
            content: { kind: "signing_keys", inserted: [], changed },
          }),
      },
    });
  });
  return answerOf(rewrapped);
}

/**
 * Values not sealed under the newest version: `behind` can be sealed again, and no listed version opens `unreadable`.
 */
function sorted(keys: readonly SigningKey[], { derived }: OperationPorts) {
  const [newest, ...older] = derived.map(({ version }) => version);
  const under = (key: SigningKey): string => sealedUnder(key.sealedPrivate) ?? "";
  return {
    behind: keys.filter((key) => older.includes(under(key))),
    unreadable: keys.filter((key) => under(key) !== newest && !older.includes(under(key))),
  };
}
