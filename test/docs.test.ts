import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

/** Folders that are not ours, or not kept. */
const PASSED_OVER = new Set(['node_modules', '.git', '.florin']);

function markdownFiles(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return PASSED_OVER.has(entry.name) ? [] : markdownFiles(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

const VARIABLE = /\b(?:FLORIN_[A-Z_]*[A-Z]|DATABASE_URLS?|NO_COLOR)\b/g;
const variablesIn = (text: string): Set<string> => new Set(text.match(VARIABLE));
const missing = (wanted: Set<string>, there: Set<string>): string[] =>
  [...wanted].filter((name) => !there.has(name)).toSorted();

describe('the variables', () => {
  const documented = variablesIn(read('docs/operating/configuration.md'));
  const configs = [
    'core/config.ts',
    'cli/config.ts',
    'client/tls/settings.ts',
    'bench/config.ts',
    'adapters/psp/config.ts',
    'adapters/psp/simulator/server/config.ts',
    'edge/config.ts',
  ];

  test.each(configs)('that %s reads are in docs/operating/configuration.md', (file) => {
    const used = variablesIn(read(file));
    expect(used.size).toBeGreaterThan(0);
    expect(missing(used, documented)).toEqual([]);
  });

  test('of docs/operating/configuration.md are all read somewhere', () => {
    const used = new Set(configs.flatMap((file) => [...variablesIn(read(file))]));
    expect(missing(documented, used)).toEqual([]);
  });

  test('that other documents name exist', () => {
    const named = new Set(
      [...markdownFiles('docs'), 'README.md', 'CONTRIBUTING.md'].flatMap((file) => [
        ...variablesIn(read(file)),
      ]),
    );
    expect(missing(named, documented)).toEqual([]);
  });

  test('control: one that is missing on either side is found', () => {
    const core = variablesIn("folder(env, 'FLORIN_DATA_DIR', '.florin'); env.DATABASE_URL; env.FLORIN_NEW");
    expect(missing(core, documented)).toEqual(['FLORIN_NEW']);
    expect(missing(documented, core)).toContain('FLORIN_GRPC_PORT');
  });
});

describe('what operators watch', () => {
  const monitoring = read('docs/operating/monitoring.md');
  const first = (text: string, pattern: RegExp): string[] =>
    [...new Set([...text.matchAll(pattern)].map(([, name]) => name))].toSorted();

  const sources = ['core', 'edge'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
      .map((name) => `${folder}/${name}`),
  );

  test('has the metrics of core, edge and deliverer', () => {
    const rows = first(monitoring, /^\| `(florin_[a-z_]+)` \|/gm);
    const files = sources
      .filter((name) => /[mM]etrics\.ts$/.test(name))
      .map(read)
      .join('');
    expect(rows).toEqual(first(files, /'(florin_[a-z_]+)'/g));
    expect(rows.length).toBeGreaterThan(8);
  });

  test('has every event of the log, and none that is never said', () => {
    const source = sources.map(read).join('\n');
    const rows = first(monitoring, /^\| `([a-z]+[._][a-z._]+)` \| (?:info|warn|error) \|/gm);
    const said = first(source, /(?:#tell\('\w+'|log\.\w+\([^\n]*|log\('\w+'), '([a-z]+[._][a-z._]+)'/g);
    expect(said.filter((event) => !rows.includes(event))).toEqual([]);
    expect(rows.filter((event) => !source.includes(`'${event}'`))).toEqual([]);
    expect(said.length).toBeGreaterThan(12);
  });
});

/** Text without code, in which brackets are no links. */
function prose(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
}

function headingsOf(file: string): Set<string> {
  const headings = read(file)
    .replaceAll(/^```[\s\S]*?^```/gm, '')
    .matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading]) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Links of a file to something in this repository that is not there. */
function brokenLinks(file: string, text: string): string[] {
  const links = [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link);
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [path, heading] = decodeURI(link).split('#');
    const target = path === '' ? file : join(dirname(file), path);
    if (!existsSync(join(root, target))) return true;
    return heading !== undefined && !headingsOf(target).has(heading);
  });
}

describe('the links', () => {
  const files = markdownFiles();

  test('are looked for in many files', () => {
    expect(files).toContain('README.md');
    expect(files).toContain('docs/ARCHITECTURE.md');
    expect(files.length).toBeGreaterThan(15);
  });

  test.each(files)('of %s lead somewhere', (file) => {
    expect(brokenLinks(file, read(file))).toEqual([]);
  });

  test('control: a file or heading that is not there is found', () => {
    const text =
      '[a](nowhere.md) [b](CHANGELOG.md) [c](CONTRIBUTING.md#commits) [d](CONTRIBUTING.md#nothing)';
    expect(brokenLinks('README.md', text)).toEqual(['nowhere.md', 'CONTRIBUTING.md#nothing']);
  });
});

/** What stands in backticks and looks like a path of this repository. */
function pathsIn(text: string): string[] {
  const code = [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/`([^`\n]+)`/g)].map(
    ([, span]) => span,
  );
  const isPath = /^[\w.@-]+(\/[\w.@-]+)*\/?$/;
  const isFile = /\.(ts|cjs|md|json|jsonl|sql|ya?ml)$/;
  return code.filter((span) => isPath.test(span) && (span.includes('/') || isFile.test(span)));
}

const absent = (text: string): string[] => pathsIn(text).filter((path) => !existsSync(join(root, path)));

describe('the paths', () => {
  test.each(['docs/ARCHITECTURE.md', 'CONTRIBUTING.md'])('in %s exist', (file) => {
    expect(absent(read(file))).toEqual([]);
  });

  test('in docs/ARCHITECTURE.md are many, so that the rule has something to hold', () => {
    expect(pathsIn(read('docs/ARCHITECTURE.md')).length).toBeGreaterThan(60);
  });

  test('control: one that is not there is found, other code is left alone', () => {
    const text = '`core/main.ts` `core/nothing.ts` `gone.ts` `books.accounts` `a / b` `GET /healthz` `apply`';
    expect(absent(text)).toEqual(['core/nothing.ts', 'gone.ts']);
  });
});
