/**
 * A presented key and the root key's versions. The form of a key is for ever that of the version it was made under; its
 * digest may stand in the registry under any version since.
 */
import type { DerivedKeys } from "../secrets/root-key.ts";
import type { VersionDigest } from "../storage/key-digests.ts";
import { digestKey } from "./digest.ts";
import { matchKeyForm, type KeyKind } from "./key-format.ts";

/**
 * @param retiredForms form keys of root-key versions that have left: what they made is still known by its form.
 * @returns the digests under which the key may be registered, newest version first; undefined: Dome did not make it.
 *   No I/O.
 */
export async function digestsOf(
  kind: KeyKind,
  text: string,
  derived: DerivedKeys,
  retiredForms: readonly Uint8Array<ArrayBuffer>[],
): Promise<readonly [VersionDigest, ...VersionDigest[]] | undefined> {
  const formKeys = [...derived.map((each) => each.formKey), ...retiredForms];
  const made = await matchKeyForm(kind, text, formKeys);
  if (made === undefined) return undefined;
  const [newest, ...older] = derived;
  const digestUnder = async ({ version, pepper }: (typeof derived)[0]): Promise<VersionDigest> => ({
    version,
    digest: await digestKey(pepper, text),
  });
  // What the newest version made has never had another digest.
  const others = made === 0 ? [] : older;
  return [await digestUnder(newest), ...(await Promise.all(others.map(digestUnder)))];
}
