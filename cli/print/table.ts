import type { Terminal } from './terminal.ts';

/** A flexible column is never squeezed below this. */
const FLEXIBLE_MIN = 8;
const GAP = '  ';
const RED = '\u001B[31m';
const DIM = '\u001B[2m';
const RESET = '\u001B[0m';

export interface TableColumn<T> {
  readonly title: string;
  /** Numbers stand right aligned, so that their digits stand beneath each other; negative ones in red where colours are. */
  readonly align?: 'left' | 'right';
  /** May be cut with an ellipsis where the terminal is too narrow. */
  readonly isFlexible?: true;
  readonly text: (row: T) => string;
}

/** The lines of a table, the titles first. Whatever is printed inside cannot move the cursor or break a line. */
export function tableLines<T>(
  columns: readonly TableColumn<T>[],
  rows: readonly T[],
  terminal: Pick<Terminal, 'width' | 'isColoured'>,
): string[] {
  const cells = rows.map((row) => columns.map((column) => printable(column.text(row))));
  const natural = columns.map((column, index) =>
    cells.reduce((widest, row) => Math.max(widest, widthOf(row[index])), widthOf(column.title)),
  );
  const widths = fit(columns, natural, terminal.width);
  const line = (texts: readonly string[]): string[] =>
    texts.map((text, index) => pad(cut(text, widths[index]), widths[index], columns[index].align ?? 'left'));

  const titles = line(columns.map((column) => column.title))
    .join(GAP)
    .trimEnd();
  const body = cells.map((row) => {
    const padded = line(row);
    const shown = terminal.isColoured ? padded.map((text, index) => tint(text, columns[index])) : padded;
    return shown.join(GAP).trimEnd();
  });
  return [terminal.isColoured ? `${DIM}${titles}${RESET}` : titles, ...body];
}

function tint<T>(padded: string, column: TableColumn<T>): string {
  return column.align === 'right' && padded.trimStart().startsWith('-') ? `${RED}${padded}${RESET}` : padded;
}

/** Takes what is missing from the widest flexible column, again and again. */
function fit<T>(
  columns: readonly TableColumn<T>[],
  natural: readonly number[],
  width: number | undefined,
): number[] {
  const widths = [...natural];
  if (width === undefined) return widths;
  const total = (): number => widths.reduce((sum, one) => sum + one, GAP.length * (widths.length - 1));
  while (total() > width) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      if (column.isFlexible !== true || widths[index] <= FLEXIBLE_MIN) continue;
      if (widest === -1 || widths[index] > widths[widest]) widest = index;
    }
    if (widest === -1) break;
    widths[widest] -= 1;
  }
  return widths;
}

function pad(text: string, width: number, align: 'left' | 'right'): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return align === 'right' ? space + text : text + space;
}

function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = '';
  for (const character of text) {
    if (widthOf(kept + character) > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Control and formatting characters become a visible stand-in: a reference must not be able to repaint the screen. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\uFFFD');
}

/** Columns that a text takes on screen: none for combining marks, two for wide scripts and emoji. */
function widthOf(text: string): number {
  let width = 0;
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue;
    width += /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{Emoji_Presentation}]/u.test(character)
      ? 2
      : 1;
  }
  return width;
}
