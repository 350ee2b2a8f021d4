/** Draws a recorded terminal as an SVG that plays by itself, and shows its last picture where nothing moves. */

export interface Line {
  /** When it appeared, in milliseconds since the beginning of the recording. */
  readonly at: number;
  readonly text: string;
  readonly look: "command" | "agent" | "output" | "result";
}

const FONT = 15;
const ADVANCE = 9.02; // of a monospaced letter at this size
const ROW = 22;
const EDGE = 20;
const BAR = 34;
/** How long the last picture stands before it begins again. */
const REST_MS = 6_000;

const COLOURS: Readonly<Record<Line["look"], string>> = {
  command: "#f2f4f8",
  agent: "#8ab4f8",
  output: "#9aa4b2",
  result: "#7ee2a8",
};

/** @param title for who cannot see it. */
export function terminalSvg(title: string, lines: readonly Line[]): string {
  const longest = Math.max(...lines.map(({ text }) => text.length));
  const width = Math.ceil(longest * ADVANCE + 2 * EDGE);
  const height = BAR + lines.length * ROW + EDGE;
  const whole = (lines.at(-1)?.at ?? 0) + REST_MS;
  const share = (at: number): string => ((at / whole) * 100).toFixed(2);
  const steps = lines.map(({ at }, index) => {
    const shown = share(at);
    return `@keyframes l${index} { 0%, ${shown}% { opacity: 0 } ${(Number(shown) + 0.01).toFixed(2)}%, 100% { opacity: 1 } }`;
  });
  const rows = lines.map(({ text, look }, index) => {
    const y = BAR + (index + 1) * ROW - 6;
    const weight = look === "command" || look === "result" ? ' font-weight="bold"' : "";
    return `<text class="l${index}" x="${EDGE}" y="${y}" fill="${COLOURS[look]}"${weight} xml:space="preserve">${escaped(text)}</text>`;
  });
  const plays = lines.map(
    (_line, index) => `.l${index} { animation: l${index} ${whole}ms step-end infinite }`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="${FONT}">
<title>${escaped(title)}</title>
<style>
${steps.join("\n")}
@media (prefers-reduced-motion: no-preference) {
${plays.join("\n")}
}
</style>
<rect width="${width}" height="${height}" rx="10" fill="#12161d"/>
<circle cx="22" cy="18" r="5" fill="#ff6b62"/><circle cx="40" cy="18" r="5" fill="#f7c04f"/><circle cx="58" cy="18" r="5" fill="#5fca61"/>
${rows.join("\n")}
</svg>
`;
}

const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
