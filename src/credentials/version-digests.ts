/**
 * A presented key and the versions of the root key. The form of a key always belongs to the version that made it.
 * Its digest in the registry may belong to that version or to any later one.
 */
import type { DerivedKeys } from "../secrets/root-key.ts";
import type { VersionDigest } from "../storage/key-digests.ts";
import { digestKey } from "./digest.ts";
import { matchKeyForm, type KeyKind } from "./key-format.ts";

/**
 * @param retiredForms form keys of root-key versions that were removed; they still recognize the keys they made.
 * @returns the digests under which the key may be registered, newest version first; undefined when Dome did not
 * make it. No I/O.
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
    digest: digestKey(pepper, text),
  });
  // A key made by the newest version has only ever had one digest.
  const others = made === 0 ? [] : older;
  return [await digestUnder(newest), ...(await Promise.all(others.map(digestUnder)))];
}
