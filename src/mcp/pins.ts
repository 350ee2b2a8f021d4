/**
 * What becomes of pinned operations when the server is listed again. The first listing pins all: whoever refreshes has
 * added the server. From then on nothing is taken that nobody has approved, and each operation stands alone. After the
 * tool has moved, all of them wait, those too that the new server defines as the former one did.
 */
import type { Members } from "./json-members.ts";

/** A definition as pins compare it, of whatever protocol. */
export interface Listable {
  readonly name: string;
  /** Of all that an approval is of. */
  readonly hash: string;
  readonly listed: Members;
}

/** The reason of a quarantine, as the contract words it. */
type Why = "new" | "changed" | "gone" | "moved";

interface Pin {
  readonly name: string;
  readonly state: "pinned" | "quarantined";
  readonly why: Why | null;
  /** Of the approved definition; null when none was ever approved at the tool's address. */
  readonly hash: string | null;
  /** Of the definition that waits for approval; null when none does. */
  readonly pendingHash: string | null;
}

export type PinChange<Definition extends Listable> =
  /** Pinned now: at the first listing, or because the approved definition is back. */
  | { readonly act: "pin"; readonly definition: Definition }
  /** Refused until somebody approves the definition; null: the server no longer lists it. */
  | {
      readonly act: "quarantine";
      readonly name: string;
      readonly why: Why;
      readonly definition: Definition | null;
    };

/** @param pins empty before the first listing. */
export function pinChanges<Definition extends Listable>(
  pins: readonly Pin[],
  listed: readonly Definition[],
): readonly PinChange<Definition>[] {
  if (pins.length === 0) return listed.map((definition) => ({ act: "pin", definition }));
  const known = new Map(pins.map((pin) => [pin.name, pin]));
  const now = new Map(listed.map((definition) => [definition.name, definition]));
  const changes = listed.flatMap((definition): PinChange<Definition>[] => {
    const { name, hash } = definition;
    const pin = known.get(name);
    if (pin === undefined) return [{ act: "quarantine", name, why: "new", definition }];
    if (pin.hash === hash) return [{ act: "pin", definition }];
    const why = pin.hash !== null ? "changed" : pin.why === "moved" ? "moved" : "new";
    return pin.state === "quarantined" && pin.pendingHash === hash
      ? []
      : [{ act: "quarantine", name, why, definition }];
  });
  const gone = pins.flatMap(({ name, why }): PinChange<Definition>[] =>
    now.has(name) || why === "gone" ? [] : [{ act: "quarantine", name, why: "gone", definition: null }],
  );
  return [...changes, ...gone];
}
