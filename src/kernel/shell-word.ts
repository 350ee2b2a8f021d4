/** Quotes any text as one word of a shell command (POSIX, Shell Command Language §2.2.2). */
export const shellWord = (text: string): string =>
  /^[\w./:=@+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
