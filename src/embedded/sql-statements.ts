/**
 * Cuts an SQL file into statements. D1 takes one statement at a time, and a trigger's body holds semicolons of its own.
 * Only what decides where a statement ends is read: strings, quoted names, comments, and `BEGIN … END` of a trigger.
 */
const TOKEN =
  /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|[A-Za-z_]\w*|;|\s+|./gs;
const CREATES_TRIGGER = /^CREATE(?: TEMP| TEMPORARY)? TRIGGER\b/;

/** @returns the statements in order, without comments outside of them and without their last semicolon. */
export function sqlStatements(sql: string): string[] {
  const statements: string[] = [];
  let text = "";
  let words: string[] = []; // the statement's words and semicolons so far, upper-case
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
    // As SQLite's own sqlite3_complete() has it: a trigger ends with END right after a semicolon, any other at once.
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
