/**
 * Names and values as a query or a form has them (application/x-www-form-urlencoded, URL standard §5.1), read strictly. A
 * platform's reader puts U+FFFD in the place of what is not UTF-8, so that two requests become one and the same.
 */

type Parameter = readonly [name: string, value: string];

/** @returns undefined where an escape is broken, or what it encodes is not UTF-8: half a character is not (RFC 3629 §3). */
export function parametersOf(text: string): readonly Parameter[] | undefined {
  try {
    return text
      .split("&")
      .filter((pair) => pair !== "")
      .map((pair) => {
        const [, name = pair, value = ""] = /^([^=]*)=(.*)$/s.exec(pair) ?? [];
        return [decoded(name), decoded(value)];
      });
  } catch {
    return undefined; // a URIError, and nothing else
  }
}

const decoded = (text: string): string => decodeURIComponent(text.replaceAll("+", " "));

/**
 * The parameters as members, each looked at once.
 * @param lists the names whose values are a list, however many there are.
 */
export function membersOf(
  parameters: readonly Parameter[],
  lists: ReadonlySet<string>,
): Record<string, string | string[]> {
  const members = new Map<string, string | string[]>();
  for (const [name, value] of parameters) {
    const before = members.get(name);
    if (!lists.has(name)) members.set(name, value);
    else if (Array.isArray(before)) before.push(value);
    else members.set(name, [value]);
  }
  return Object.fromEntries(members);
}
