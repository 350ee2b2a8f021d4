/** A YAML file as a value, with the place in the text of each of its members. */
import { err, ok, type Result } from "../kernel/result.ts";
import { Places, type Place } from "../policy/places.ts";
import { isAlias, isMap, isNode, isScalar, isSeq, parseDocument } from "./yaml.ts";

export type Path = readonly (string | number)[];

export interface PlacedYaml {
  readonly value: unknown;
  /** Where a member is, or else what is around it. @param of a member's name, or its value. */
  readonly placeOf: (path: Path, of: "name" | "value") => Place;
}

/** @returns the value, or what keeps the text from being read as YAML 1.2. */
export function readPlacedYaml(
  text: string,
): Result<PlacedYaml, readonly (Place & { readonly message: string })[]> {
  const places = new Places(text);
  const document = parseDocument(text, { strict: true, uniqueKeys: true, prettyErrors: false });
  if (document.errors.length > 0)
    return err(
      document.errors.map(({ pos, message }) => ({ ...places.at(pos[0]), message: sentence(message) })),
    );
  try {
    const value: unknown = document.toJS();
    const placeOf: PlacedYaml["placeOf"] = (path, of) => places.at(offsetOf(document.contents, path, of));
    return ok({ value, placeOf });
  } catch (fault) {
    // An alias without an anchor, or one that is repeated too often: the library bounds how often.
    if (!(fault instanceof ReferenceError)) throw fault;
    return err([{ line: 1, column: 1, message: sentence(fault.message) }]);
  }

  function offsetOf(root: unknown, path: Path, of: "name" | "value"): number {
    let node = root;
    let offset = startOf(root) ?? 0;
    for (const [index, step] of path.entries()) {
      const holder = isAlias(node) ? node.resolve(document) : node;
      const pair = isMap(holder)
        ? holder.items.find(({ key }) => String(isScalar(key) ? key.value : key) === String(step))
        : undefined;
      node = pair?.value ?? (isSeq(holder) ? holder.items[Number(step)] : undefined);
      const isNamed = pair !== undefined && (of === "name" || startOf(node) === undefined);
      if (isNamed && index === path.length - 1) return startOf(pair.key) ?? offset;
      if (pair === undefined && node === undefined) return offset;
      offset = startOf(pair?.key) ?? startOf(node) ?? offset;
    }
    return startOf(node) ?? offset;
  }
}

const startOf = (node: unknown): number | undefined => (isNode(node) ? node.range?.[0] : undefined);

const sentence = (text: string): string => (/[.?!]$/.test(text) ? text : `${text}.`);
