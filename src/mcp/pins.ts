/**
 * What becomes of pinned operations when the server is listed again. The first listing pins all: whoever refreshes has
 * added the server. From then on nothing is taken that nobody has approved, and each operation stands alone.
 */
import type { ToolDefinition } from "./tool-definition.ts";

interface Pin {
  readonly name: string;
  readonly state: "pinned" | "quarantined";
  /** Of the approved definition; null when none was ever approved. */
  readonly hash: string | null;
  /** Of the definition that waits for approval; null when none does. */
  readonly pendingHash: string | null;
}

export type PinChange =
  /** Pinned now: at the first listing, or because the approved definition is back. */
  | { readonly act: "pin"; readonly definition: ToolDefinition }
  /** Refused until somebody approves the definition; null: the server no longer lists it. */
  | {
      readonly act: "quarantine";
      readonly name: string;
      readonly why: "new" | "changed" | "gone";
      readonly definition: ToolDefinition | null;
    };

/** @param pins empty before the first listing. */
export function pinChanges(pins: readonly Pin[], listed: readonly ToolDefinition[]): readonly PinChange[] {
  if (pins.length === 0) return listed.map((definition) => ({ act: "pin", definition }));
  const known = new Map(pins.map((pin) => [pin.name, pin]));
  const now = new Map(listed.map((definition) => [definition.name, definition]));
  const changes = listed.flatMap((definition): PinChange[] => {
    const { name, hash } = definition;
    const pin = known.get(name);
    if (pin === undefined) return [{ act: "quarantine", name, why: "new", definition }];
    if (pin.hash === hash) return [{ act: "pin", definition }];
    const why = pin.hash === null ? "new" : "changed";
    return pin.state === "quarantined" && pin.pendingHash === hash
      ? []
      : [{ act: "quarantine", name, why, definition }];
  });
  const gone = pins.flatMap(({ name, state, pendingHash }): PinChange[] => {
    const isKnown = state === "quarantined" && pendingHash === null;
    return now.has(name) || isKnown ? [] : [{ act: "quarantine", name, why: "gone", definition: null }];
  });
  return [...changes, ...gone];
}
