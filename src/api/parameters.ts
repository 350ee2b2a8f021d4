/**
 * Parses the names and values of a query or a form (application/x-www-form-urlencoded, URL standard §5.1), strictly.
 * The platform's parser replaces invalid UTF-8 by U+FFFD, so that different requests would become equal.
 */

type Parameter = readonly [name: string, value: string];

/**
 * @returns undefined for a broken escape, and for text that is not UTF-8, which half a character is not (RFC 3629 §3).
 */
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
    return undefined; // always a URIError
  }
}

const decoded = (text: string): string => decodeURIComponent(text.replaceAll("+", " "));

/**
 * The parameters as members; each is looked at once.
 * @param lists the names whose values form a list, even a single one.
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
