import { readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const LINES_MAX = 500;

interface Rule {
  readonly name: string;
  readonly pattern: RegExp;
  /** Files that may: the one place, or a kind of file that the rule is not about. */
  readonly except: readonly RegExp[];
  /** A line that breaks the rule, so that a rule which catches nothing is noticed. */
  readonly bad: string;
}

// Patterns and examples are put together from pieces where this file itself would match.
const rules: readonly Rule[] = [
  {
    name: 'the environment is read in config.ts only',
    pattern: /process\.env\b/,
    except: [/(^|\/)config\.ts$/, /^bin\/launch\.cjs$/, /^test\//, /\.test\.ts$/],
    bad: 'const level = process.env.LEVEL;',
  },
  {
    name: 'the wall clock is read in files called clock.ts only',
    pattern: /\bDate\.now\(|\bnew Date\(\)/,
    except: [/(^|\/)clock\.ts$/, /\.test\.ts$/, /^test\//, /^bench\//],
    bad: 'const now = Date.now();',
  },
  {
    name: 'randomness is passed in, and Math.random is not it',
    pattern: /\bMath\.random\(/,
    except: [/^test\/tidy\.test\.ts$/],
    bad: 'if (Math.random() < 0.5) return;',
  },
  {
    name: 'connections to the database are made in one file, which knows of several hosts',
    pattern: /\bnew pg\.(Client|Pool)\(/,
    except: [/^core\/journal\/database\.ts$/, /^core\/embedded\//, /^bench\//, /\.test\.ts$/, /^test\//],
    bad: 'const pool = new pg.Pool({ connectionString });',
  },
  {
    name: 'what is left to do stands in an issue',
    pattern: /\b(TODO|FIXME)\b/,
    except: [/^test\/tidy\.test\.ts$/],
    bad: '// TODO: round',
  },
  {
    name: 'no enum: Node strips types and cannot strip that',
    pattern: /^\s*(export )?(declare )?(const )?enum \w+ \{/m,
    except: [],
    bad: ['export', 'enum', 'Side', '{'].join(' '),
  },
  {
    name: 'no folder or file for things that have no place',
    pattern: /from '[^']*\/(utils?|helpers?|manager|misc|common)(\.ts)?'/,
    except: [/^test\/tidy\.test\.ts$/],
    bad: "import { x } from './utils.ts';",
  },
];

const folders = ['bin', 'core', 'client', 'cli', 'bench', 'adapters', 'edge', 'test', 'examples'];
const present = readdirSync(root).filter((name) => folders.includes(name));
const files = present
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`),
  )
  .filter((name) => /\.(ts|cjs|mjs)$/.test(name) && !name.includes('node_modules'));

describe('the source', () => {
  test('is there to be looked at', () => {
    expect(files.length).toBeGreaterThan(20);
  });

  test.each(rules)('$name', ({ pattern, except, bad }) => {
    expect(pattern.test(bad), 'the rule catches its own example').toBe(true);
    const offenders = files
      .filter((file) => !except.some((exception) => exception.test(file)))
      .flatMap((file) => {
        const lines = readFileSync(join(root, file), 'utf8').split('\n');
        return lines.flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : []));
      });
    expect(offenders).toEqual([]);
  });

  test(`has no file of more than ${LINES_MAX} lines`, () => {
    const long = files.filter(
      (file) => readFileSync(join(root, file), 'utf8').split('\n').length - 1 > LINES_MAX,
    );
    expect(long).toEqual([]);
  });
});
