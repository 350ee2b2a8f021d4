/**
 * Splits an SQL file into statements, because D1 runs one statement at a time. A semicolon within a trigger's body does
 * not end the statement, so the parser knows strings, quoted names, comments, and `BEGIN … END` of a trigger, and
 * nothing else.
 */
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[A-Za-z_]\w*|;|\s+|./gs;
const CREATES_TRIGGER = /^CREATE(?: TEMP| TEMPORARY)? TRIGGER\b/;

/** @returns the statements in order, without comments between them and without their last semicolon. */
export function sqlStatements(sql: string): string[] {
  const statements: string[] = [];
  let text = "";
  let words: string[] = []; // words and semicolons of the statement so far, in upper case
  const finish = (): void => {
    if (words.length > 0) statements.push(text.trim());
    text = "";
    words = [];
  };
  for (const [token] of sql.matchAll(TOKEN)) {
    const isComment = token.startsWith("--") || token.startsWith("/*");
    const isSpace = token.trim() === "";
    if (isComment || isSpace) {
      if (words.length > 0) text += token;
      continue;
    }
    // The rule of SQLite's sqlite3_complete(): a trigger ends at END right after a semicolon, any other statement at
    // its first semicolon.
    const inTrigger = CREATES_TRIGGER.test(words.slice(0, 3).join(" "));
    if (token === ";" && (!inTrigger || (words.at(-1) === "END" && words.at(-2) === ";"))) {
      finish();
      continue;
    }
    text += token;
    words.push(token.toUpperCase());
  }
  finish();
  return statements;
}
