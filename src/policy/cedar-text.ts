/**
 * The greatest length of a text that Cedar is given, in units of UTF-16. To find one of twelve characters in it with `like`
 * takes as many steps as both lengths multiplied, and an agent chooses the text.
 */
const MOST_TEXT = 8_192;

/** Half a character would fail the whole request. */
export const isCedarText = (value: unknown): value is string =>
  typeof value === "string" && value.length <= MOST_TEXT && value.isWellFormed();
