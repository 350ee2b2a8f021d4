/** The body of an operation: which types it may have, and what is decided on of each. */
import { defined } from "../../kernel/defined.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { BodyKind, HttpBodyForm, TextForm } from "../http-definition.ts";
import { isObject, type JsonSchema } from "../schema-text.ts";
import { own, resolved } from "./references.ts";
import type { OpenApiDocument, SchemaReader } from "./schemas.ts";
import { textFormOf } from "./text-forms.ts";

const MOST_TYPES = 20;
const MOST_FIELDS = 100;
const MEDIA_TYPE = /^(?:\*\/\*|[\w.+-]+\/(?:\*|[\w.+-]+))$/;

interface Bodies {
  readonly body: HttpBodyForm | null;
  /** Members of the arguments' schema. */
  readonly properties: Readonly<Record<string, JsonSchema>>;
  /** Of these members one must be there; empty: none has to. */
  readonly oneOf: readonly string[];
}

const NONE: Bodies = { body: null, properties: {}, oneOf: [] };

/** The member of the arguments that holds a body of each kind. */
const MEMBER: Readonly<Record<BodyKind, string>> = {
  json: "body",
  form: "form",
  parts: "parts",
  stream: "content",
};

const kindOf = (type: string): BodyKind => {
  if (/^application\/(?:json|[\w.+-]+\+json)$/.test(type)) return "json";
  if (type === "application/x-www-form-urlencoded") return "form";
  return type === "multipart/form-data" ? "parts" : "stream";
};

/** What passes as a stream is known by its type and length alone. */
const OF_A_STREAM: JsonSchema = {
  type: "object",
  properties: { type: { type: "string" }, length: { type: ["integer", "null"] } },
  required: ["type"],
  additionalProperties: false,
};

export function bodiesIn(
  document: OpenApiDocument,
  reader: SchemaReader,
  requestBody: unknown,
): Result<Bodies, string> {
  if (requestBody === undefined) return ok(NONE);
  const found = resolved(document.members, requestBody);
  if (!found.ok) return found;
  const { content, required } = found.value;
  if (!isObject(content)) return err("has a body without types");
  const listed = Object.entries(content);
  if (listed.length === 0 || listed.length > MOST_TYPES)
    return err(`has a body with none or more than ${MOST_TYPES} types`);
  const types: Record<string, BodyKind> = {};
  const schemas = new Map<BodyKind, JsonSchema[]>();
  let fields: HttpBodyForm["fields"] = {};
  let parts: HttpBodyForm["parts"] = {};
  for (const [name, media] of listed) {
    const type = name.split(";", 1)[0]?.trim().toLowerCase() ?? "";
    if (!MEDIA_TYPE.test(type)) return err("has a body of a type that is none");
    const kind = kindOf(type);
    const schema = isObject(media) ? (own(media, "schema") ?? {}) : {};
    const encoding = isObject(media) ? own(media, "encoding") : undefined;
    types[type] = kind;
    if (kind === "form" || kind === "parts") {
      const read = fieldsIn(document, schema, encoding);
      if (!read.ok) return read;
      if (kind === "form") fields = read.value;
      else parts = read.value;
    }
    const asked =
      kind === "parts" ? partsSchema(document, reader, schema, encoding) : asObject(reader.read(schema));
    schemas.set(kind, [...(schemas.get(kind) ?? []), kind === "stream" ? OF_A_STREAM : asked]);
  }
  const properties = [...schemas].map(([kind, each]) => [MEMBER[kind], together(each)] as const);
  const members = properties.map(([member]) => member);
  return ok({
    body: { types, fields, parts },
    properties: Object.fromEntries(properties),
    oneOf: required === true ? members : [],
  });
}

const asObject = (schema: JsonSchema | boolean): JsonSchema =>
  typeof schema === "boolean" ? (schema ? {} : { not: {} }) : schema;

/** Types that are decided on alike, and have schemas of their own: a body matches one of them. */
const together = ([first = {}, ...more]: readonly JsonSchema[]): JsonSchema => {
  const other = more.filter((each) => JSON.stringify(each) !== JSON.stringify(first));
  return other.length === 0 ? first : { anyOf: [first, ...other] };
};

/** How each field of a form, or each part of text, is read. */
function fieldsIn(
  document: OpenApiDocument,
  schema: unknown,
  encoding: unknown,
): Result<Readonly<Record<string, TextForm>>, string> {
  const found = resolved(document.members, schema);
  if (!found.ok) return found;
  const properties = own(found.value, "properties");
  if (!isObject(properties)) return ok({});
  const names = Object.keys(properties);
  if (names.length > MOST_FIELDS) return err(`has a form with more than ${MOST_FIELDS} fields`);
  const fields: [string, TextForm][] = [];
  for (const name of names) {
    const itsOwn = isObject(encoding) ? own(encoding, name) : undefined;
    const { style = "form", explode = style === "form" } = isObject(itsOwn) ? itsOwn : {};
    if (style !== "form" && style !== "spaceDelimited" && style !== "pipeDelimited" && style !== "deepObject")
      return err("has a field of a style that Dome does not read");
    const styled: Pick<TextForm, "style" | "explode"> = { style, explode: explode === true };
    const form = textFormOf(document.members, properties[name], styled);
    // OpenAPI 3.1, "Encoding Object": a field that is an object, or a list of them, is JSON by default.
    fields.push([
      name,
      form.ok && form.value.form !== "object" ? form.value : { form: "json", types: [], ...styled },
    ]);
  }
  return ok(Object.fromEntries(fields));
}

/** The parts of a multipart body by name: each by its type and size, and by its value where it is text. */
function partsSchema(
  document: OpenApiDocument,
  reader: SchemaReader,
  schema: unknown,
  encoding: unknown,
): JsonSchema {
  const found = resolved(document.members, schema);
  const properties = found.ok ? own(found.value, "properties") : undefined;
  const parts = isObject(properties) ? Object.entries(properties) : [];
  const required = found.ok ? own(found.value, "required") : undefined;
  return {
    type: "object",
    properties: Object.fromEntries(
      parts.map(([name, each]) => [
        name,
        partSchema(document, reader, each, isObject(encoding) ? own(encoding, name) : undefined),
      ]),
    ),
    ...defined({
      required: Array.isArray(required) ? required : undefined,
      additionalProperties: found.ok && found.value["additionalProperties"] === false ? false : undefined,
    }),
  };
}

function partSchema(
  document: OpenApiDocument,
  reader: SchemaReader,
  schema: unknown,
  encoding: unknown,
  isItem = false,
): JsonSchema {
  const found = resolved(document.members, schema);
  const asked = found.ok ? found.value : {};
  if (asked["type"] === "array" && !isItem) {
    const { minItems, maxItems } = asked;
    return {
      type: "array",
      items: partSchema(document, reader, own(asked, "items") ?? {}, encoding, true),
      ...defined({ minItems, maxItems }),
    };
  }
  const isBinary =
    asked["format"] === "binary" ||
    Object.hasOwn(asked, "contentMediaType") ||
    Object.hasOwn(asked, "contentEncoding") ||
    Object.keys(asked).length === 0;
  return {
    type: "object",
    properties: {
      type: typesSchema(isObject(encoding) ? own(encoding, "contentType") : undefined),
      size: { type: "integer" },
      filename: { type: "string" },
      ...defined({ value: isBinary ? undefined : reader.read(schema) }),
    },
    required: isBinary ? ["type", "size"] : ["type", "size", "value"],
  };
}

/** OpenAPI 3.1, "Encoding Object": one media type or several, with ranges such as `image/*`. */
function typesSchema(listed: unknown): JsonSchema {
  const types =
    typeof listed === "string" && listed.length <= 500
      ? listed.split(",").map((each) => each.trim().toLowerCase())
      : [];
  if (types.length === 0 || types.includes("*/*") || !types.every((each) => MEDIA_TYPE.test(each)))
    return { type: "string" };
  return {
    anyOf: types.map((each) =>
      each.endsWith("/*")
        ? { type: "string", pattern: `^${each.slice(0, -1).replaceAll(/[.+]/g, String.raw`\$&`)}` }
        : { const: each },
    ),
  };
}
