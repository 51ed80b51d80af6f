import { createInterface } from 'node:readline/promises';
import type { Terminal } from '../print/terminal.ts';
import { Problem } from '../problem.ts';

export interface PromptOptions {
  /** Runs one statement and prints its answer. */
  readonly ask: (statement: string) => Promise<void>;
  readonly terminal: Terminal;
}

const LIST_VIEWS = `
SELECT c.relname AS name, obj_description(c.oid) AS holds
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'books' AND c.relkind IN ('v', 'm') ORDER BY 1`;

/**
 * Reads statements until the end of input, each ended by ";" outside quotes. At a terminal a failed statement is told
 * and the prompt goes on; from a pipe it ends the command, for what follows may rest on it.
 */
export async function promptForSql({ ask, terminal }: PromptOptions): Promise<void> {
  const isPerson = process.stdin.isTTY;
  const reader = createInterface({ input: process.stdin, output: isPerson ? process.stderr : undefined });
  if (isPerson)
    terminal.remark(
      'Read only. \\d lists the views, \\d NAME its columns, \\q leaves; end a statement with ";".',
    );
  const prompt = (text: string): void => {
    if (!isPerson) return;
    reader.setPrompt(text);
    reader.prompt();
  };
  let open = '';
  prompt('florin> ');
  for await (const line of reader) {
    const isMeta = open === '' && line.trimStart().startsWith('\\');
    if (isMeta && /^\s*\\q/.test(line)) break;
    open = isMeta ? metaStatement(line) : joined(open, line);
    if (isMeta || isWhole(open)) {
      await askOnce({ ask, terminal, isPerson }, open);
      open = '';
    }
    prompt(open === '' ? 'florin> ' : '     -> ');
  }
  reader.close();
  if (open.trim() !== '') await askOnce({ ask, terminal, isPerson }, open);
}

async function askOnce(
  { ask, terminal, isPerson }: PromptOptions & { isPerson: boolean },
  statement: string,
): Promise<void> {
  try {
    await ask(statement);
  } catch (error) {
    if (!isPerson || !(error instanceof Problem)) throw error;
    terminal.remark(error.message);
  }
}

function joined(open: string, line: string): string {
  if (open === '') return line.trim() === '' ? '' : line;
  return `${open}\n${line}`;
}

/** Ended by ";" with no quote left open. Dollar quotes are not looked into: reading needs none. */
export function isWhole(statement: string): boolean {
  const withoutComments = statement.replaceAll(/'[^']*'|"[^"]*"|--[^\n]*|\/\*[\s\S]*?\*\//g, '');
  return /;\s*$/.test(withoutComments) && !/['"]/.test(withoutComments);
}

/** `\d`, `\d NAME`; anything else is answered by the list of views as well. */
export function metaStatement(line: string): string {
  const [, name] = /^\s*\\d\s+(?:books\.)?([a-z_][a-z0-9_]*)\s*;?\s*$/i.exec(line) ?? [];
  if (name === undefined) return LIST_VIEWS;
  return `
SELECT a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type, col_description(c.oid, a.attnum) AS holds
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE n.nspname = 'books' AND c.relname = '${name.toLowerCase()}' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`;
}
