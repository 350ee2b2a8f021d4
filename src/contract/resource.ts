/**
 * The resources that an agent can use, and their one grammar: in surfaces, scopes, check requests, catalogs and
 * doors.
 *
 *   reference                        scope item                            what it is
 *   zendesk                          tool:zendesk                          every operation of a tool
 *   zendesk/create_ticket            tool:zendesk/create_ticket            one operation
 *   crm/GET /tickets/{id}            tool:crm/GET%20%2Ftickets%2F%7Bid%7D  one operation of an HTTP tool
 *   premium                          pool:premium                          every model of a pool
 *   premium/claude-x                 pool:premium/claude-x                 one model
 *   salesforce                       integration:salesforce                an external system
 *
 * A reference is read where its kind is known. The part behind the first `/` is one atom: `GET /tickets` is no
 * prefix of `GET /tickets/{id}`. A scope item includes its kind. It may hold only the characters of a scope token
 * (RFC 6749 §3.3), so its atom is percent-encoded, in exactly one spelling.
 */
import { z } from "zod";
import { NAME_PATTERN } from "./words.ts";

export type ResourceKind = "tool" | "pool" | "integration";

export interface Resource {
  readonly kind: ResourceKind;
  readonly name: string;
  /** The operation of a tool or the model of a pool; null for all of them. */
  readonly part: string | null;
}

/** A word, or the method and path template of an HTTP tool. No quote and no `=`, so that commands can carry it. */
const OPERATION = "[A-Za-z0-9_.-]{1,128}|[A-Z]{1,16} /[A-Za-z0-9._~!$()*+,:@%{}/-]{0,255}";
const MODEL = "[A-Za-z0-9_.:-]{1,128}";
/** The longest reference, in characters. */
export const MAX_REFERENCE_LENGTH = 63 + 1 + 16 + 1 + 256;

const whole = (pattern: string): RegExp => new RegExp(`^${pattern}$`);
const REFERENCE: Readonly<Record<ResourceKind, RegExp>> = {
  tool: whole(`(${NAME_PATTERN})(?:/(${OPERATION}))?`),
  pool: whole(`(${NAME_PATTERN})(?:/(${MODEL}))?`),
  integration: whole(`(${NAME_PATTERN})`),
};

/** `<tool>` (all of its operations) or `<tool>/<operation>`. */
export const toolReference = z
  .string()
  .regex(REFERENCE.tool, "must be <tool> or <tool>/<operation>; an operation is a word, or METHOD /path");
/** `<pool>` (any of its models) or `<pool>/<model>`. */
export const modelReference = z.string().regex(REFERENCE.pool, "must be <pool> or <pool>/<model>");
export const operationName = z
  .string()
  .regex(whole(`(?:${OPERATION})`), "must be 1 to 128 of A-Z a-z 0-9 _ . -, or METHOD /path");
export const modelName = z.string().regex(whole(MODEL), "must be 1 to 128 of A-Z a-z 0-9 _ . : -");

/** The tool in a reference, with or without an operation: for `zendesk/read_ticket` it is `zendesk`. */
export const toolOf = (reference: string): string => reference.split("/", 1)[0] ?? reference;

/** @returns undefined when the text is no reference to something of this kind. */
export function parseReference(kind: ResourceKind, text: string): Resource | undefined {
  const [, name, part] = REFERENCE[kind].exec(text) ?? [];
  return name === undefined ? undefined : { kind, name, part: part ?? null };
}

/** `zendesk/create_ticket`, `premium`, … */
export const referenceOf = ({ name, part }: Resource): string => (part === null ? name : `${name}/${part}`);

const ITEM = /^(tool|pool|integration):([^/]*)(?:\/([^/]*))?$/;

/** Reads a scope item. Items with the same meaning must be equal, so only the canonical spelling is accepted. */
export function parseItem(text: string): Resource | undefined {
  const [, kind, name = "", encoded] = ITEM.exec(text) ?? [];
  if (kind === undefined) return undefined;
  const part = encoded === undefined ? null : decoded(encoded);
  const resource =
    part === undefined
      ? undefined
      : parseReference(kind as ResourceKind, referenceOf({ kind: "tool", name, part }));
  return resource !== undefined && itemOf(resource) === text ? resource : undefined;
}

/** `tool:zendesk/create_ticket`, … */
export const itemOf = ({ kind, name, part }: Resource): string =>
  `${kind}:${name}${part === null ? "" : `/${encodeURIComponent(part)}`}`;

/** True when `held` covers `wanted`: a whole covers its parts, and everything covers itself. */
export const covers = (held: Resource, wanted: Resource): boolean =>
  held.kind === wanted.kind && held.name === wanted.name && (held.part === null || held.part === wanted.part);

/** The references of everything that covers a resource, for looking up in a list. */
export const coveredBy = (resource: Resource): readonly string[] =>
  resource.part === null ? [resource.name] : [resource.name, referenceOf(resource)];

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined; // a URIError: a % that encodes nothing
  }
}
