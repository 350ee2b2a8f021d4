/** How a value of text is read, as the schema and the style of a parameter say. */
import { err, ok, type Result } from "../../kernel/result.ts";
import type { Scalar, TextForm } from "../http-definition.ts";
import { isObject, type JsonSchema } from "../schema-text.ts";
import { own, resolved } from "./references.ts";

interface Styled {
  readonly style: TextForm["style"];
  readonly explode: boolean;
}

/** As many schemas as are looked at for the types of one value. */
const MOST_LOOKS = 200;
/** As many members as an object of text may have. */
const MOST_MEMBERS = 100;

const SCALARS: ReadonlySet<unknown> = new Set<Scalar>(["string", "integer", "number", "boolean"]);

export function textFormOf(document: JsonSchema, schema: unknown, styled: Styled): Result<TextForm, string> {
  const types = typesOf(document, schema, { left: MOST_LOOKS });
  if (types.has("array")) {
    const items = scalarsOf(document, own(partOf(document, schema, "items"), "items") ?? {});
    if (!items.ok) return items;
    return styled.style === "deepObject"
      ? err(NO_SUCH_STYLE)
      : ok({ form: "list", types: items.value, ...styled });
  }
  if (types.has("object")) {
    const properties = own(partOf(document, schema, "properties"), "properties");
    if (!isObject(properties)) return err("has an object in a parameter, and not its members");
    const names = Object.keys(properties);
    if (names.length > MOST_MEMBERS) return err(`has a parameter with more than ${MOST_MEMBERS} members`);
    if (styled.style === "spaceDelimited" || styled.style === "pipeDelimited") return err(NO_SUCH_STYLE);
    const members: [string, readonly Scalar[]][] = [];
    for (const name of names) {
      const scalars = scalarsOf(document, properties[name]);
      if (!scalars.ok) return scalars;
      members.push([name, scalars.value]);
    }
    return ok({ form: "object", types: [], members: Object.fromEntries(members), ...styled });
  }
  if (styled.style === "deepObject") return err(NO_SUCH_STYLE);
  return ok({ form: "value", types: scalarTypes(types), ...styled });
}

const NO_SUCH_STYLE = "has a parameter whose style does not fit its schema";

function scalarsOf(document: JsonSchema, schema: unknown): Result<readonly Scalar[], string> {
  const types = typesOf(document, schema, { left: MOST_LOOKS });
  return types.has("array") || types.has("object")
    ? err("has a parameter with lists or objects within one another")
    : ok(scalarTypes(types));
}

/** Without any type it is text. */
const scalarTypes = (types: ReadonlySet<unknown>): readonly Scalar[] => {
  const scalars = [...types].filter((type): type is Scalar => SCALARS.has(type)).toSorted();
  return scalars.length === 0 ? ["string"] : scalars;
};

/** Every type that the schema allows, or a schema beside it: more than one is rare in a parameter. */
function typesOf(document: JsonSchema, schema: unknown, looks: { left: number }): Set<unknown> {
  const found = resolved(document, schema);
  const types = new Set<unknown>();
  looks.left -= 1;
  if (!found.ok || looks.left < 0) return types;
  const { type, enum: values, const: value } = found.value;
  for (const each of Array.isArray(type) ? type.slice(0, MOST_LOOKS) : [type]) types.add(each);
  if (type === undefined && Array.isArray(values)) {
    for (const each of values.slice(0, MOST_LOOKS)) types.add(typeof each);
  }
  if (type === undefined && value !== undefined) types.add(typeof value);
  for (const word of ["allOf", "anyOf", "oneOf"]) {
    const schemas = own(found.value, word);
    if (!Array.isArray(schemas)) continue;
    for (const each of schemas.slice(0, MOST_LOOKS)) {
      for (const inner of typesOf(document, each, looks)) types.add(inner);
    }
  }
  return types;
}

/** The schema, or the first one beside it, that has the word. */
function partOf(document: JsonSchema, schema: unknown, word: string): JsonSchema {
  const found = resolved(document, schema);
  if (!found.ok) return {};
  if (Object.hasOwn(found.value, word)) return found.value;
  for (const list of ["allOf", "anyOf", "oneOf"]) {
    const schemas = own(found.value, list);
    if (!Array.isArray(schemas)) continue;
    for (const each of schemas.slice(0, MOST_LOOKS)) {
      const inner = resolved(document, each);
      if (inner.ok && Object.hasOwn(inner.value, word)) return inner.value;
    }
  }
  return {};
}
