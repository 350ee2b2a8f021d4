/** Parameters of an operation: how each is found in a call, and the schema of all that stand in one place. */
import { defined } from "../../kernel/defined.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { forwardedHeader } from "../../contract/upstream.ts";
import type { HttpParameter, TextForm } from "../http-definition.ts";
import { isObject, type JsonSchema } from "../schema-text.ts";
import { own, resolved } from "./references.ts";
import type { OpenApiDocument, SchemaReader } from "./schemas.ts";
import { textFormOf } from "./text-forms.ts";

const MOST_PARAMETERS = 100;
const PLACES = ["path", "query", "header"] as const;
type Place = (typeof PLACES)[number];

/** Of the message, and not of the call (OpenAPI 3.1, "Parameter Object"). */
const OF_THE_MESSAGE: ReadonlySet<string> = new Set(["accept", "content-type", "authorization"]);

const STYLES: Readonly<Record<Place, ReadonlySet<unknown>>> = {
  path: new Set(["simple"]),
  query: new Set(["form", "spaceDelimited", "pipeDelimited", "deepObject"]),
  header: new Set(["simple"]),
};

export interface Parameters {
  readonly parameters: readonly HttpParameter[];
  /** The schema of the object with the parameters of each place. */
  readonly schemas: Readonly<Record<Place, JsonSchema>>;
}

interface Found {
  readonly parameter: HttpParameter;
  readonly schema: JsonSchema | boolean;
  readonly isRequired: boolean;
}

/**
 * @param lists of the path item, then of the operation: the later one of two with the same name and place counts.
 * @param known the parameters of the path's template, of which those that no list has are texts.
 */
export function parametersIn(
  document: OpenApiDocument,
  reader: SchemaReader,
  lists: readonly unknown[],
  known: { readonly path: readonly string[]; readonly credentialHeader: string | null },
): Result<Parameters, string> {
  const found = new Map<string, Found>();
  for (const list of lists) {
    if (list === undefined) continue;
    if (!Array.isArray(list) || list.length > MOST_PARAMETERS)
      return err(`has parameters that are no list of at most ${MOST_PARAMETERS}`);
    for (const each of list as readonly unknown[]) {
      const read = parameterOf(document, reader, each);
      if (!read.ok) return read;
      if (read.value === null) continue;
      const { parameter } = read.value;
      const isDomes = parameter.in === "header" && parameter.name === known.credentialHeader;
      if (!isDomes && (parameter.in !== "path" || known.path.includes(parameter.name)))
        found.set(`${parameter.in} ${parameter.name}`, read.value);
    }
  }
  for (const name of known.path) {
    if (!found.has(`path ${name}`)) found.set(`path ${name}`, TEXT(name));
  }
  const all = [...found.values()];
  return ok({
    parameters: all.map(({ parameter }) => parameter),
    schemas: {
      path: schemaOf(all, "path"),
      query: schemaOf(all, "query"),
      header: schemaOf(all, "header"),
    },
  });
}

const TEXT = (name: string): Found => ({
  parameter: { in: "path", name, form: "value", types: ["string"], style: "simple", explode: false },
  schema: { type: "string" },
  isRequired: true,
});

/** @returns null for a parameter that no argument comes from. */
function parameterOf(
  document: OpenApiDocument,
  reader: SchemaReader,
  listed: unknown,
): Result<Found | null, string> {
  const at = resolved(document.members, listed);
  if (!at.ok) return at;
  const { in: place, name, required, style, explode } = at.value;
  if (typeof name !== "string" || name === "" || name.length > 256)
    return err("has a parameter without a name");
  const isRequired = required === true;
  if (place === "cookie") return isRequired ? err("needs a cookie, which Dome does not forward") : ok(null);
  const where = PLACES.find((each) => each === place);
  if (where === undefined) return err("has a parameter in an unknown place");
  const key = where === "header" ? name.toLowerCase() : name;
  if (where === "header") {
    if (OF_THE_MESSAGE.has(key)) return ok(null);
    if (!forwardedHeader.safeParse(key).success)
      return isRequired ? err("needs a header that Dome does not forward") : ok(null);
  }
  const content = own(at.value, "content");
  if (content !== undefined) return inContent(reader, content, { in: where, name: key }, isRequired);
  const asked = style ?? (where === "query" ? "form" : "simple");
  if (!STYLES[where].has(asked)) return err("has a parameter of a style that Dome does not read");
  const styled = {
    style: asked as TextForm["style"],
    explode: explode === undefined ? asked === "form" : explode === true,
  };
  const schema = own(at.value, "schema") ?? {};
  const form = textFormOf(document.members, schema, styled);
  if (!form.ok) return form;
  const parameter = { in: where, name: key, ...form.value };
  return ok({ parameter, schema: reader.read(schema), isRequired: isRequired || where === "path" });
}

/** A parameter whose text is a document of its own. */
function inContent(
  reader: SchemaReader,
  content: unknown,
  named: Pick<HttpParameter, "in" | "name">,
  isRequired: boolean,
): Result<Found, string> {
  const [entry, ...more] = isObject(content) ? Object.entries(content) : [];
  if (entry === undefined || more.length > 0 || !/^application\/(?:json|[\w.-]+\+json)$/.test(entry[0]))
    return err("has a parameter with content that is no JSON");
  const schema = isObject(entry[1]) ? (own(entry[1], "schema") ?? {}) : {};
  const form: TextForm = {
    form: "json",
    types: [],
    style: named.in === "query" ? "form" : "simple",
    explode: false,
  };
  return ok({ parameter: { ...named, ...form }, schema: reader.read(schema), isRequired });
}

function schemaOf(found: readonly Found[], place: Place): JsonSchema {
  const here = found.filter(({ parameter }) => parameter.in === place);
  const required = here.filter(({ isRequired }) => isRequired).map(({ parameter }) => parameter.name);
  return {
    type: "object",
    properties: Object.fromEntries(here.map(({ parameter, schema }) => [parameter.name, schema])),
    ...defined({ required: required.length === 0 ? undefined : required }),
    additionalProperties: false,
  };
}
