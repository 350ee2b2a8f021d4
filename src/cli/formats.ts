/**
 * Prints the body of an answer as JSON, YAML or CSV. In every form, text from the network cannot control the terminal:
 * invisible characters are written as escapes of that form, so that a program still reads the same text.
 */
import { usage } from "./exit.ts";
import { clean, escaped, UNSEEN, type BodyForm, type Format } from "./output.ts";

type Printed = (body: unknown) => string;

/** The YAML library is loaded only when it is needed. */
export async function bodyForm(format: Format): Promise<BodyForm> {
  switch (format) {
    case "yaml": {
      const whole = await yaml();
      return { whole, line: (item) => `---\n${whole(item)}` };
    }
    case "csv":
      return { whole: csv, line: noLines };
    default:
      return JSON_FORM;
  }
}

/** Escapes invisible characters in JSON. Outside its strings, JSON has none except line ends. */
const cleanJson = (json: string): string =>
  json.replace(UNSEEN, (char) => (char === "\n" ? char : escaped(char)));

/** A whole body is printed on several lines; an item of an endless result, and a failure, on one. */
export const JSON_FORM = {
  whole: (body: unknown) => cleanJson(JSON.stringify(body, null, 2)),
  line: (body: unknown) => cleanJson(JSON.stringify(body)),
} satisfies BodyForm;

function noLines(): never {
  throw usage(
    "-o csv needs a finite result, because its header names every column",
    "-o json: an item per line",
  );
}

/** YAML 1.2, quoted where a YAML 1.1 parser would not read text (`no`, a time). */
async function yaml(): Promise<Printed> {
  const { Document, Scalar, visit } = await import("./yaml.ts");
  return (body) => {
    const document = new Document(body, { aliasDuplicateObjects: false, compat: "yaml-1.1" });
    visit(document, {
      Scalar: (_, scalar) => {
        if (typeof scalar.value === "string" && clean(scalar.value) !== scalar.value)
          scalar.type = Scalar.QUOTE_DOUBLE;
      },
    });
    const text = document.toString({ lineWidth: 0, doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER });
    return text.trimEnd().replace(UNSEEN, (char) => (char === "\n" ? char : yamlEscape(char)));
  };
}

/** YAML 1.2 §5.7: `\u` with four digits, or `\U` with eight. */
function yamlEscape(char: string): string {
  const code = (char.codePointAt(0) ?? 0).toString(16);
  return code.length > 4 ? `\\U${code.padStart(8, "0")}` : `\\u${code.padStart(4, "0")}`;
}

/**
 * CSV (RFC 4180): a header line, then one line per item. The names are those of the JSON; a value that is not text, a
 * number or a boolean is JSON in its cell.
 */
const csv: Printed = (body) => {
  const items = (Array.isArray(body) ? body : [body]).map(membersOf);
  const names = [...new Set(items.flatMap((item) => [...item.keys()]))];
  const lines = [names, ...items.map((item) => names.map((name) => item.get(name)))];
  return lines.map((line) => line.map(csvCell).join(",")).join("\r\n");
};

const membersOf = (item: unknown): ReadonlyMap<string, unknown> =>
  new Map(
    typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.entries(item)
      : [["value", item]],
  );

/** Characters that begin a formula in a spreadsheet (OWASP, CSV injection), including their full-width forms. */
const FORMULA = /^\s*[=+\-@\uff0b\uff0d\uff1d\uff20]/u;

function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = clean(typeof value === "string" ? value : JSON.stringify(value));
  const inert = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]|^\s|\s$/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
