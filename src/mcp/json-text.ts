/**
 * Changes members of a JSON object and leaves every other value as it was written. A message of another server may hold
 * numbers that a double cannot, and a second text made of the parsed message would hold other ones.
 *
 *     const message = '{"id":7,"result":{"big":12345678901234567890}}';
 *     withMembers(message, { id: '"a"' })    // {"id":"a","result":{"big":12345678901234567890}}
 *     withMembers(message, { id: null })     // {"result":{"big":12345678901234567890}}
 *
 * Every text here has been parsed before (`kernel/strict-json`), so it is valid and has no member twice.
 */

/** What a member becomes: JSON text, or null to remove it. A member that is not there is added at the end. */
export type MemberChanges = Readonly<Record<string, string | null>>;

/** @param object JSON text of an object. */
export function withMembers(object: string, changes: MemberChanges): string {
  const left = new Map(Object.entries(changes));
  const written: string[] = [];
  for (const { name, quoted, value } of membersOf(object)) {
    const change = left.get(name);
    left.delete(name);
    if (change === undefined) written.push(`${quoted}:${value}`);
    else if (change !== null) written.push(`${quoted}:${change}`);
  }
  for (const [name, value] of left) if (value !== null) written.push(`${JSON.stringify(name)}:${value}`);
  return `{${written.join(",")}}`;
}

/** Changes one member by a function of its text, when the object has it. */
export function mapMember(object: string, name: string, change: (value: string) => string | null): string {
  const value = memberText(object, name);
  return value === undefined ? object : withMembers(object, { [name]: change(value) });
}

/** The text of one member; undefined when the object does not have it. */
export const memberText = (object: string, name: string): string | undefined =>
  membersOf(object).find((member) => member.name === name)?.value;

/** Every member of this name: an object that was not parsed strictly may have it more than once. */
export const membersNamed = (object: string, name: string): readonly string[] =>
  membersOf(object).flatMap((member) => (member.name === name ? [member.value] : []));

/** Each item of a list changed by a function of its text. Items that are no objects stay as they are. */
export const mapItems = (list: string, change: (item: string) => string): string =>
  `[${itemsOf(list)
    .map((item) => (item.startsWith("{") ? change(item) : item))
    .join(",")}]`;

interface Member {
  readonly name: string;
  /** The name as it is written. */
  readonly quoted: string;
  readonly value: string;
}

function membersOf(object: string): readonly Member[] {
  return partsOf(object).map((part) => {
    const end = endOfString(part, 0) + 1;
    const quoted = part.slice(0, end);
    const value = part.slice(part.indexOf(":", end) + 1).trim();
    return { name: String(JSON.parse(quoted)), quoted, value };
  });
}

const itemsOf = (list: string): readonly string[] => partsOf(list);

const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d]);

/** What stands between the commas of an object or a list, in one pass. */
function partsOf(text: string): string[] {
  const inner = text.trim().slice(1, -1);
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < inner.length; at += 1) {
    const code = inner.charCodeAt(at);
    if (code === QUOTE) at = endOfString(inner, at);
    else if (OPENING.has(code)) depth += 1;
    else if (CLOSING.has(code)) depth -= 1;
    else if (code === COMMA && depth === 0) {
      parts.push(inner.slice(from, at).trim());
      from = at + 1;
    }
  }
  const last = inner.slice(from).trim();
  return last === "" ? parts : [...parts, last];
}

/** @param from the place of the opening quote. */
function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}
