/**
 * The values that texts of a call stand for, as OpenAPI styles write them. A text is split where it is written, and each
 * piece decoded afterwards, as the server does: `%2C` is part of a value, `,` stands between two.
 */
import { parseJson } from "../kernel/strict-json.ts";
import type { Scalar, TextForm } from "./http-definition.ts";

/** A text that stands for no value of its form; `keyword` says why, in the form of a schema's keyword. */
export class NoValue {
  readonly keyword: string;
  constructor(keyword: string) {
    this.keyword = keyword;
  }
}

const WHOLE = /^(?:0|-?[1-9]\d*)$/;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/**
 * One value. Digits are a number where the schema allows one, and a number that a double cannot hold stays a text, which
 * matches no schema of a number.
 */
export function scalarOf(text: string, types: readonly Scalar[]): string | number | boolean {
  if (types.includes("boolean") && (text === "true" || text === "false")) return text === "true";
  if (types.includes("integer") && WHOLE.test(text) && Number.isSafeInteger(Number(text)))
    return Number(text);
  if (types.includes("number") && NUMBER.test(text)) {
    const parsed = parseJson(text);
    if (parsed.ok && typeof parsed.value === "number") return parsed.value;
  }
  return text;
}

/** @returns undefined for a text whose escapes are no characters. */
type Decode = (raw: string) => string | undefined;

/**
 * @param raw as it is written, with its escapes.
 * @returns the value, or a `NoValue`.
 */
export function valueOf(raw: string, form: TextForm, decode: Decode): unknown {
  switch (form.form) {
    case "value": {
      const text = decode(raw);
      return text === undefined ? BROKEN : scalarOf(text, form.types);
    }
    case "json": {
      const parsed = parseJson(decode(raw) ?? "");
      return parsed.ok ? parsed.value : new NoValue("json");
    }
    case "list":
      return raw === "" ? [] : listOf(piecesOf(raw, form.style), form.types, decode);
    case "object":
      return form.explode ? pairsOf(raw.split(","), form, decode) : flatOf(raw.split(","), form, decode);
  }
}

const BROKEN = new NoValue("escape");

function listOf(pieces: readonly string[], types: readonly Scalar[], decode: Decode): unknown {
  const texts = pieces.map(decode);
  return texts.includes(undefined) ? BROKEN : texts.map((text) => scalarOf(text ?? "", types));
}

function piecesOf(raw: string, style: TextForm["style"]): readonly string[] {
  if (style === "spaceDelimited") return raw.split(/%20|\+| /);
  return style === "pipeDelimited" ? raw.split(/\||%7C/i) : raw.split(",");
}

/** `R,100,G,200` */
function flatOf(pieces: readonly string[], form: TextForm, decode: Decode): unknown {
  if (pieces.length % 2 !== 0) return new NoValue("style");
  const pairs: [string, string][] = [];
  for (let at = 0; at < pieces.length; at += 2) pairs.push([pieces[at] ?? "", pieces[at + 1] ?? ""]);
  return membersOf(pairs, form, decode);
}

/** `R=100,G=200` */
function pairsOf(pieces: readonly string[], form: TextForm, decode: Decode): unknown {
  const pairs: [string, string][] = [];
  for (const piece of pieces) {
    const at = piece.indexOf("=");
    if (at < 0) return new NoValue("style");
    pairs.push([piece.slice(0, at), piece.slice(at + 1)]);
  }
  return membersOf(pairs, form, decode);
}

function membersOf(
  pairs: readonly (readonly [name: string, raw: string])[],
  { members = {} }: TextForm,
  decode: Decode,
): unknown {
  const found = new Map<string, unknown>();
  for (const [rawName, raw] of pairs) {
    const name = decode(rawName);
    const text = decode(raw);
    if (name === undefined || text === undefined) return BROKEN;
    if (found.has(name)) return new NoValue("repeated");
    found.set(name, scalarOf(text, memberTypes(members, name)));
  }
  return Object.fromEntries(found);
}

export const memberTypes = (
  members: Readonly<Record<string, readonly Scalar[]>>,
  name: string,
): readonly Scalar[] => (Object.hasOwn(members, name) ? (members[name] ?? TEXT) : TEXT);

const TEXT: readonly Scalar[] = ["string"];
